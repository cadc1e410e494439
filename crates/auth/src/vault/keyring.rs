use keyring::v1::{Entry, Error};
use zeroize::Zeroize;

use super::{HolderFault, KeyHolder};
use crate::Secret;

/// As which the keys are listed in the person's keyring.
const SERVICE: &str = "BC Agent";

/// The operating system's keyring: Secret Service, Keychain, Credential Manager.
#[derive(Debug, Default, Clone, Copy)]
pub struct Keyring;

impl Keyring {
    fn entry(name: &str) -> Result<Entry, HolderFault> {
        match Entry::store_status() {
            Ok(()) => Entry::new(SERVICE, name).map_err(|fault| told(&fault)),
            Err(fault) => {
                tracing::debug!(%fault, "there is no keyring");
                Err(HolderFault::NoKeyring)
            }
        }
    }
}

impl KeyHolder for Keyring {
    fn load(&self, name: &str) -> Result<Option<Secret<[u8; 32]>>, HolderFault> {
        match Self::entry(name)?.get_secret() {
            Ok(mut bytes) => {
                let key = <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Secret::new);
                bytes.zeroize();
                Ok(key)
            }
            Err(Error::NoEntry) => Ok(None),
            Err(Error::BadDataFormat(mut bytes, _) | Error::BadEncoding(mut bytes)) => {
                bytes.zeroize();
                Ok(None)
            }
            Err(fault) => Err(told(&fault)),
        }
    }

    fn store(&self, name: &str, key: &Secret<[u8; 32]>) -> Result<(), HolderFault> {
        Self::entry(name)?.set_secret(key.expose()).map_err(|fault| told(&fault))
    }

    fn remove(&self, name: &str) -> Result<(), HolderFault> {
        match Self::entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(fault) => Err(told(&fault)),
        }
    }
}

/// The crate's own words; those that could hold what was kept are left out.
fn told(fault: &Error) -> HolderFault {
    match fault {
        Error::NoDefaultStore => HolderFault::NoKeyring,
        Error::NoStorageAccess(cause) | Error::PlatformFailure(cause) => HolderFault::Locked(cause.to_string().trim_end_matches('.').to_owned()),
        Error::Ambiguous(_) => HolderFault::Locked("it has several entries of one name".into()),
        _ => HolderFault::Locked("it answered something unexpected".into()),
    }
}
