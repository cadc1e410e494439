//! An interactive sign-in: authorization code with PKCE as a public client, in the person's own browser (RFC 8252).

use std::{borrow::Cow, sync::Arc, time::Duration};

use bca_protocol::Clock;
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use tokio::sync::{OnceCell, oneshot};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    AuthError, IdTokenFault, Registration, Secret,
    callback::{Expected, NotOurs, Returned, Slot},
    discovery::{Endpoints, discover},
    grant::{self, Granted, Protocol},
    http::Http,
    id_token::{Expectation, Keys},
    loopback::Loopback,
    profile::{self, Identity},
};

/// How long a sign-in waits for the browser where nobody says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// The way back without a listener.
const DEEP_LINK: &str = "bcagent://auth";
/// Bytes of `state` and `nonce`.
const RANDOM: u32 = 32;
/// First step: who the person is (docs/business-central.md, section 2).
pub const SIGN_IN_SCOPES: [&str; 5] = ["openid", "profile", "email", "offline_access", "User.Read"];
/// What every step asks for beside its own scope: who it is, and a refresh token.
pub const ALWAYS: [&str; 3] = ["openid", "profile", "offline_access"];

/// What an interactive sign-in asks for.
#[derive(Debug, Clone)]
pub struct SignInRequest {
    /// Scopes, with `openid` among them.
    pub scopes: Vec<String>,
    /// Who should sign in: a user name, as a hint.
    pub hint: Option<String>,
    /// What a refusal asked to be sent along.
    pub claims: Option<String>,
    /// How long to wait for the browser.
    pub patience: Duration,
}

/// What an interactive sign-in gave.
pub struct SignedIn {
    /// Who.
    pub identity: Identity,
    /// The access token for the scopes that were asked for.
    pub access: Secret<String>,
    /// How long it lives.
    pub lives: Duration,
    /// For the next ones.
    pub refresh: Option<Secret<String>>,
    /// The ID token's `sub`, which userinfo repeats.
    subject: String,
}

impl SignedIn {
    /// The ID token's `sub`.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }
}

/// One sign-in service, for one app registration.
pub struct SignInService {
    registration: Registration,
    http: Http,
    clock: Arc<dyn Clock>,
    endpoints: OnceCell<Endpoints>,
    keys: Keys,
}

impl SignInService {
    /// Nothing goes over the network yet.
    ///
    /// # Errors
    /// [`AuthError::Configuration`] where HTTP can't be set up.
    pub fn new(registration: Registration, clock: Arc<dyn Clock>) -> Result<Self, AuthError> {
        let http = Http::new(&registration.authority)?;
        Ok(Self { registration, http, clock, endpoints: OnceCell::new(), keys: Keys::default() })
    }

    /// The app registration.
    #[must_use]
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    async fn endpoints(&self) -> Result<&Endpoints, AuthError> {
        self.endpoints.get_or_try_init(|| discover(&self.http, &self.registration)).await
    }

    fn protocol(&self, endpoints: &Endpoints) -> Protocol {
        grant::protocol(endpoints, &self.registration.client_id)
    }

    /// Begins a sign-in: takes a port, and makes the address for the browser.
    ///
    /// # Errors
    /// The sign-in service can't be reached or used.
    pub async fn begin(self: &Arc<Self>, request: SignInRequest) -> Result<PendingSignIn, AuthError> {
        let endpoints = self.endpoints().await?;
        let over = CancellationToken::new();
        let (listener, redirect) = match Loopback::bind().await {
            Ok(listener) => {
                let redirect = listener.redirect();
                (Some(listener), redirect)
            }
            Err(fault) => {
                tracing::warn!(%fault, "the browser comes back by link");
                (None, DEEP_LINK.to_owned())
            }
        };
        let redirect = RedirectUrl::new(redirect).map_err(|fault| AuthError::Listener(fault.to_string()))?;
        let state = CsrfToken::new_random_len(RANDOM);
        let nonce = Secret::new(CsrfToken::new_random_len(RANDOM).into_secret());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let url = self.address(endpoints, &request, &redirect, &state, &nonce, challenge);
        let expected = Expected { state: Secret::new(state.into_secret()), issuer: endpoints.issuer.clone(), names_issuer: endpoints.names_issuer };
        let (slot, returned) = Slot::new(expected);
        let slot = Arc::new(slot);
        if let Some(listener) = listener {
            listener.serve(Arc::clone(&slot), over.clone());
        }
        let handle = SignInHandle { url, slot, over };
        Ok(PendingSignIn { service: Arc::clone(self), handle, returned, redirect, verifier, nonce, patience: request.patience })
    }

    fn address(
        &self,
        endpoints: &Endpoints,
        request: &SignInRequest,
        redirect: &RedirectUrl,
        state: &CsrfToken,
        nonce: &Secret<String>,
        challenge: PkceCodeChallenge,
    ) -> Url {
        let protocol = self.protocol(endpoints);
        let mut address = protocol
            .authorize_url(|| state.clone())
            .set_redirect_uri(Cow::Borrowed(redirect))
            .add_scopes(request.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", nonce.expose().as_str())
            .add_extra_param("response_mode", "query");
        // Entra asks which account; the standard wants consent where a refresh token is asked for (OpenID Connect Core, 11).
        match (&request.hint, endpoints.is_entra) {
            (Some(hint), _) => address = address.add_extra_param("login_hint", hint.as_str()),
            (None, true) => address = address.add_extra_param("prompt", "select_account"),
            (None, false) => {}
        }
        if !endpoints.is_entra {
            address = address.add_extra_param("prompt", "consent");
        }
        if let Some(claims) = &request.claims {
            address = address.add_extra_param("claims", claims.as_str());
        }
        address.url().0
    }

    async fn redeem(&self, code: &Secret<String>, redirect: RedirectUrl, verifier: PkceCodeVerifier, nonce: &Secret<String>) -> Result<SignedIn, AuthError> {
        let endpoints = self.endpoints().await?;
        let Granted { access, lives, refresh, id_token } = grant::redeem(&self.http, &self.protocol(endpoints), code, verifier, redirect).await?;
        let id_token = id_token.ok_or(AuthError::IdToken(IdTokenFault::Missing))?;
        let expected = Expectation { client_id: &self.registration.client_id, nonce: nonce.expose(), access: &access, now: self.clock.now() };
        let claims = self.keys.verify(&self.http, endpoints, id_token.expose(), &expected).await?;
        let identity = profile::identity(&claims, &endpoints.issuer);
        Ok(SignedIn { identity, access, lives, refresh, subject: claims.sub })
    }

    /// Reads the profile by the token of the first step. That it can't be read is no fault; that it is another person's is one.
    ///
    /// # Errors
    /// [`AuthError::WrongAccount`].
    pub async fn add_profile(&self, signed_in: &mut SignedIn) -> Result<(), AuthError> {
        let endpoints = self.endpoints().await?;
        profile::complete(&self.http, &endpoints.profile, &signed_in.access, &signed_in.subject, &mut signed_in.identity).await
    }

    pub(crate) async fn renew(&self, refresh: &Secret<String>, scopes: &[String], claims: Option<&str>) -> Result<Granted, AuthError> {
        let endpoints = self.endpoints().await?;
        // Elsewhere than at Entra a refresh token is good for the scopes that it was given for, and for no others.
        let scopes = if endpoints.is_entra { scopes } else { &[] };
        grant::renew(&self.http, &self.protocol(endpoints), refresh, scopes, claims).await
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

/// What others may do with a sign-in that waits. Cheap to clone.
#[derive(Clone)]
pub struct SignInHandle {
    url: Url,
    slot: Arc<Slot>,
    over: CancellationToken,
}

impl SignInHandle {
    /// The address for the browser. It holds no secret that could be redeemed.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Ends the sign-in with an address that came back another way: a `bcagent://auth?…` link, or the page that the browser could not
    /// open, pasted by the person.
    ///
    /// # Errors
    /// [`NotOurs`], where the address is not this sign-in's answer: nothing came of it.
    pub fn complete(&self, address: &str) -> Result<(), NotOurs> {
        let url = Url::parse(address).map_err(|_| NotOurs)?;
        let deep_link = url.scheme() == "bcagent" && url.host_str() == Some("auth") && matches!(url.path(), "" | "/");
        let loopback = url.scheme() == "http" && url.host_str() == Some("localhost") && url.path() == "/";
        if !deep_link && !loopback {
            return Err(NotOurs);
        }
        self.slot.offer(url.query().unwrap_or_default())
    }

    /// Whether it still waits.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.slot.is_open()
    }

    /// Stops waiting.
    pub fn cancel(&self) {
        self.slot.close();
        self.over.cancel();
    }
}

/// A sign-in that waits for the browser. Dropping it closes its listener.
pub struct PendingSignIn {
    service: Arc<SignInService>,
    handle: SignInHandle,
    returned: oneshot::Receiver<Returned>,
    redirect: RedirectUrl,
    verifier: PkceCodeVerifier,
    nonce: Secret<String>,
    patience: Duration,
}

/// Closes the listener however the waiting ends.
struct Closing(SignInHandle);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl PendingSignIn {
    /// For whoever shows the address, takes links, or stops it.
    #[must_use]
    pub fn handle(&self) -> SignInHandle {
        self.handle.clone()
    }

    /// Waits for the browser, redeems what it brings and checks who it is.
    ///
    /// # Errors
    /// Anything but [`AuthError::Vault`].
    pub async fn finish(self) -> Result<SignedIn, AuthError> {
        let Self { service, handle, returned, redirect, verifier, nonce, patience } = self;
        let closing = Closing(handle.clone());
        let returned = match tokio::time::timeout(patience, returned).await {
            Err(_) => return Err(AuthError::TimedOut(patience)),
            Ok(Err(_)) => return Err(AuthError::Cancelled),
            Ok(Ok(returned)) => returned,
        };
        drop(closing);
        match returned {
            Returned::Refused { error, suberror } => Err(grant::judge(&error, suberror.as_deref(), None)),
            Returned::Code(code) => service.redeem(&code, redirect, verifier, &nonce).await,
        }
    }
}
