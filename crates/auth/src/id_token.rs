//! Checking an ID token (OpenID Connect Core, 3.1.3.7): RS256 only, by a published key, for this app and this sign-in, now.

use std::sync::{Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{AuthError, IdTokenFault, Secret, discovery::Endpoints, http::Http};

/// How far this computer's clock may be off.
pub(crate) const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A published key (RFC 7517); those of other kinds are passed over.
#[derive(Debug, Clone, Deserialize)]
struct PublishedKey {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl PublishedKey {
    fn signs(&self) -> bool {
        self.kty == "RSA" && self.purpose.as_deref().is_none_or(|purpose| purpose == "sig") && self.alg.as_deref().is_none_or(|alg| alg == "RS256")
    }

    fn verifier(&self) -> Option<DecodingKey> {
        DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?).ok()
    }
}

/// The keys as they were last published.
#[derive(Default)]
pub(crate) struct Keys {
    known: Mutex<Vec<PublishedKey>>,
}

/// One text or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// The claims that are used.
#[derive(Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: OneOrMore,
    azp: Option<String>,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    nonce: Option<String>,
    at_hash: Option<String>,
    pub(crate) sub: String,
    pub(crate) oid: Option<String>,
    pub(crate) tid: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) preferred_username: Option<String>,
}

/// What an ID token must be for.
pub(crate) struct Expectation<'a> {
    pub(crate) client_id: &'a str,
    /// The nonce that the sign-in sent along.
    pub(crate) nonce: &'a str,
    /// The access token that came with it.
    pub(crate) access: &'a Secret<String>,
    pub(crate) now: Timestamp,
}

impl Keys {
    /// Checks a token and gives its claims. The keys are read again, once, where none of those known fits.
    pub(crate) async fn verify(&self, http: &Http, endpoints: &Endpoints, token: &str, expected: &Expectation<'_>) -> Result<Claims, AuthError> {
        let header = jsonwebtoken::decode_header(token).map_err(|fault| match fault.kind() {
            // `none` and its like are no algorithms to the parser.
            jsonwebtoken::errors::ErrorKind::Json(_) => AuthError::IdToken(IdTokenFault::Algorithm),
            _ => AuthError::IdToken(IdTokenFault::Malformed),
        })?;
        if header.alg != Algorithm::RS256 {
            return Err(AuthError::IdToken(IdTokenFault::Algorithm));
        }
        let name = header.kid.as_deref();
        let known = self.key(name).ok_or(IdTokenFault::Key).and_then(|key| decoded(token, &key));
        let claims = match known {
            // A key that was replaced under its old name looks like a wrong signature. The keys are read once for each sign-in, which a
            // person begins: no token can make that more.
            Err(IdTokenFault::Key | IdTokenFault::Signature) => {
                self.fetch(http, endpoints).await?;
                self.key(name).ok_or(IdTokenFault::Key).and_then(|key| decoded(token, &key))
            }
            known => known,
        };
        let claims = claims.map_err(AuthError::IdToken)?;
        check(&claims, &endpoints.issuer, expected).map_err(AuthError::IdToken)?;
        Ok(claims)
    }

    fn key(&self, kid: Option<&str>) -> Option<PublishedKey> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match kid {
            Some(kid) => known.iter().find(|key| key.kid.as_deref() == Some(kid)).cloned(),
            // A service with one key need not name it.
            None => known.first().filter(|_| known.len() == 1).cloned(),
        }
    }

    async fn fetch(&self, http: &Http, endpoints: &Endpoints) -> Result<(), AuthError> {
        let set: KeySet = http.get(&endpoints.keys, None).await?;
        let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value::<PublishedKey>(key).ok()).filter(PublishedKey::signs);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = keys.collect();
        Ok(())
    }
}

/// The claims of a token that this key signed.
fn decoded(token: &str, key: &PublishedKey) -> Result<Claims, IdTokenFault> {
    let verifier = key.verifier().ok_or(IdTokenFault::Key)?;
    let claims = jsonwebtoken::decode::<Claims>(token, &verifier, &signature_only()).map_err(|fault| match fault.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => IdTokenFault::Signature,
        _ => IdTokenFault::Malformed,
    })?;
    Ok(claims.claims)
}

/// The signature is the library's business; what the claims say is ours, because ours reads a [`bca_protocol::Clock`].
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// Whether the ID token that came with a renewal is about the person who signed in (OpenID Connect Core, 12.2). Its signature need not be looked at:
/// it came straight from the token endpoint (3.1.3.7, 6), and nothing is taken from it.
pub(crate) fn is_about(token: &Secret<String>, subject: &str) -> bool {
    #[derive(Deserialize)]
    struct Who {
        sub: String,
    }
    let claims = token.expose().split('.').nth(1).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
    claims.and_then(|claims| serde_json::from_slice::<Who>(&claims).ok()).is_some_and(|who| who.sub == subject)
}

/// What `at_hash` must be (OpenID Connect Core, 3.1.3.6): the left half of the SHA-256 of the access token, in base 64 for addresses.
fn left_half(access: &Secret<String>) -> String {
    let hash = Sha256::digest(access.expose().as_bytes());
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

fn check(claims: &Claims, issuer: &str, expected: &Expectation<'_>) -> Result<(), IdTokenFault> {
    let wanted = match &claims.tid {
        // Entra's document for several tenants: each one's issuer has its id in it.
        Some(tenant) if issuer.contains("{tenantid}") && uuid::Uuid::parse_str(tenant).is_ok() => issuer.replace("{tenantid}", tenant),
        Some(_) | None => issuer.to_owned(),
    };
    if claims.iss != wanted {
        return Err(IdTokenFault::Issuer);
    }
    let for_us = |audience: &String| audience == expected.client_id;
    let (named, several) = match &claims.aud {
        OneOrMore::One(audience) => (for_us(audience), false),
        OneOrMore::More(all) => (all.iter().any(for_us), all.len() > 1),
    };
    let presenter = claims.azp.as_ref().map(for_us).unwrap_or(!several);
    if !named || !presenter {
        return Err(IdTokenFault::Audience);
    }
    let usable = |id: &String| !id.is_empty() && id.len() <= 255 && !id.chars().any(char::is_control);
    if !usable(&claims.sub) || ![&claims.oid, &claims.tid].into_iter().flatten().all(usable) {
        return Err(IdTokenFault::Malformed);
    }
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(IdTokenFault::Nonce);
    }
    if claims.at_hash.as_ref().is_some_and(|hash| *hash != left_half(expected.access)) {
        return Err(IdTokenFault::AccessToken);
    }
    let (now, skew) = (expected.now.as_second() as f64, SKEW.as_secs() as f64);
    let early = |time: Option<f64>| time.is_some_and(|time| time > now + skew);
    // Written so that a time that is no number is refused.
    let unexpired = claims.exp > now - skew;
    if !unexpired || early(claims.nbf) || early(claims.iat) {
        return Err(IdTokenFault::Clock);
    }
    Ok(())
}
