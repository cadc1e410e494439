//! Who signed in: the ID token's claims, and what Microsoft Graph tells of the person by their own token.

use serde::Deserialize;

use crate::{
    AuthError, Secret,
    discovery::Profile,
    http::{Http, HttpFault},
    id_token::Claims,
};

/// Longer ones are cut.
const LONGEST: usize = 200;

/// A person in a tenant, as the ID token names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The tenant's id (GUID) at Entra; the issuer elsewhere.
    pub tenant_id: String,
    /// The person's object id in that tenant (GUID) at Entra; the subject elsewhere.
    pub object_id: String,
    /// What is known of the person.
    pub person: Person,
}

/// What is shown of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// For people.
    pub name: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Mail, else the user principal name. No key: it may change or be empty.
    pub mail: Option<String>,
    /// The user principal name, for the next sign-in's hint.
    pub user_name: Option<String>,
    /// Job title.
    pub job_title: Option<String>,
    /// Department.
    pub department: Option<String>,
}

pub(crate) fn identity(claims: &Claims, issuer: &str) -> Identity {
    let user_name = plain(claims.preferred_username.clone());
    let mail = plain(claims.email.clone()).or_else(|| user_name.clone());
    let object_id = claims.oid.clone().unwrap_or_else(|| claims.sub.clone());
    let name = plain(claims.name.clone()).or_else(|| mail.clone()).unwrap_or_else(|| object_id.clone());
    let person = Person {
        name,
        first_name: plain(claims.given_name.clone()),
        last_name: plain(claims.family_name.clone()),
        mail,
        user_name,
        job_title: None,
        department: None,
    };
    Identity { tenant_id: claims.tid.clone().unwrap_or_else(|| issuer.to_owned()), object_id, person }
}

/// Graph's `user` (docs: "Get a user").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphUser {
    id: Option<String>,
    display_name: Option<String>,
    given_name: Option<String>,
    surname: Option<String>,
    mail: Option<String>,
    user_principal_name: Option<String>,
    job_title: Option<String>,
    department: Option<String>,
}

/// The standard claims of userinfo (OpenID Connect Core, 5.3).
#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    email: Option<String>,
    preferred_username: Option<String>,
}

/// Adds what the profile tells. That it can't be read keeps nobody from signing in; that it is another person's is refused.
pub(crate) async fn complete(http: &Http, place: &Profile, access: &Secret<String>, subject: &str, identity: &mut Identity) -> Result<(), AuthError> {
    let told = match place {
        Profile::Graph(address) => {
            http.get::<GraphUser>(address, Some(access)).await.map(|user| (user.id.clone(), of_graph(user), identity.object_id.as_str()))
        }
        Profile::UserInfo(address) => http.get::<UserInfo>(address, Some(access)).await.map(|user| (Some(user.sub.clone()), of_userinfo(user), subject)),
        Profile::IdToken => return Ok(()),
    };
    match told {
        Ok((Some(id), person, wanted)) if id == wanted => add(&mut identity.person, person),
        Ok((Some(_), ..)) => return Err(AuthError::WrongAccount),
        Ok((None, ..)) => tracing::warn!("the profile does not say whose it is"),
        Err(HttpFault::Unauthorized | HttpFault::Status(_) | HttpFault::Unreachable(_) | HttpFault::NotJson | HttpFault::Redirect | HttpFault::TooLong) => {
            tracing::warn!("the profile could not be read; the ID token's has to do");
        }
    }
    Ok(())
}

fn of_graph(user: GraphUser) -> Person {
    let user_name = plain(user.user_principal_name);
    Person {
        name: plain(user.display_name).unwrap_or_default(),
        first_name: plain(user.given_name),
        last_name: plain(user.surname),
        mail: plain(user.mail).or_else(|| user_name.clone()),
        user_name,
        job_title: plain(user.job_title),
        department: plain(user.department),
    }
}

fn of_userinfo(user: UserInfo) -> Person {
    let user_name = plain(user.preferred_username);
    Person {
        name: plain(user.name).unwrap_or_default(),
        first_name: plain(user.given_name),
        last_name: plain(user.family_name),
        mail: plain(user.email).or_else(|| user_name.clone()),
        user_name,
        job_title: None,
        department: None,
    }
}

fn add(known: &mut Person, told: Person) {
    if !told.name.is_empty() {
        known.name = told.name;
    }
    let better = |known: &mut Option<String>, told: Option<String>| {
        if told.is_some() {
            *known = told;
        }
    };
    better(&mut known.first_name, told.first_name);
    better(&mut known.last_name, told.last_name);
    better(&mut known.mail, told.mail);
    better(&mut known.user_name, told.user_name);
    better(&mut known.job_title, told.job_title);
    better(&mut known.department, told.department);
}

/// A text from outside in one bounded line; an empty one is none.
fn plain(text: Option<String>) -> Option<String> {
    let text: String = text?.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!text.is_empty()).then_some(text)
}
