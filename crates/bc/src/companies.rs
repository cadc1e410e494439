use std::sync::Arc;

use bca_auth::TokenSource;
use bca_protocol::{Clock, Json};
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Freshness, Limits, Record, RecordId,
    page::{not_json, unusable},
    wire::Wire,
};

/// A company of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// What addresses name it by.
    pub id: RecordId,
    /// Its name in Business Central.
    pub name: String,
    /// What people call it; the name where there is nothing else.
    pub display_name: String,
}

/// The companies of the environment at this API root, for a form that sets up a connection. An environment has at most 300.
///
/// # Errors
/// As for [`crate::Client::query`].
pub async fn companies(
    root: &str,
    bearer: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    cancel: &CancellationToken,
) -> Result<Vec<Company>, BcError> {
    let wire = Wire::new(root, bearer, clock, limits)?;
    let text = wire.read(&wire.address("companies")?, Freshness::Replica, cancel).await?;
    let tree = Json::parse(&text).map_err(|e| unusable(not_json(&text, &e)))?;
    let Some(Json::Array(rows)) = tree.get("value") else {
        return Err(unusable("it is no list of companies.".into()));
    };
    rows.iter().map(|row| Record::from_row(row.clone()).as_ref().and_then(company).ok_or_else(|| unusable("a row is no company.".into()))).collect()
}

fn company(record: &Record) -> Option<Company> {
    let id = RecordId::parse(record.id()?).ok()?;
    let name = record.text("name").unwrap_or_default().to_owned();
    let display_name = record.text("displayName").filter(|text| !text.trim().is_empty()).unwrap_or(&name).to_owned();
    Some(Company { id, name, display_name })
}
