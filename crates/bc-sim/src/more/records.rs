//! Fixed assets, opportunities, projects, contact persons and registered hours.

use crate::books::changes::Changes;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{NO_ID, stored_time};
use crate::error::{Answer, ApiError};

/// Writes both halves of a reference (an id and a number that must name the same record) that a body gives; gives the record.
pub(crate) fn follow(session: &Session, row: &mut Row, changes: &Changes, target: (&str, &str, &str), names: (&str, &str)) -> Answer<Option<Row>> {
    let ((set, number_column, caption), (id, number)) = (target, names);
    if !changes.any(&[id, number]) {
        return Ok(None);
    }
    let by_id = if changes.refers(id) {
        Some(session.find(set, changes.text(id))?.ok_or_else(|| ApiError::rule(format!("The \"{id}\" does not match to a {caption}.")))?)
    } else {
        None
    };
    let by_number = if changes.refers(number) {
        let found = session.find_by(set, number_column, &changes.text(number).to_uppercase())?;
        Some(found.ok_or_else(|| {
            let text = format!("The field {number} contains a value ({}) that cannot be found in the related table ({caption}).", changes.text(number));
            ApiError::new(400, "Internal_InvalidTableRelation", text)
        })?)
    } else {
        None
    };
    let found = match (by_id, by_number) {
        (Some(one), Some(other)) if one.id() != other.id() => {
            return Err(ApiError::rule(format!("The {0} values do not match to a specific {0}.", caption)));
        }
        (Some(found), _) | (None, Some(found)) => Some(found),
        (None, None) => None,
    };
    row.put(id, found.as_ref().map_or(NO_ID, Row::id));
    row.put(number, found.as_ref().map_or("", |found| found.text(number_column)));
    Ok(found)
}

/// Creates a fixed asset, an opportunity or a project.
pub(crate) fn create(session: &Session, set: &str, changes: &Changes) -> Answer<Row> {
    let mut row = session.blank(set)?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    assign(session, &mut row, changes)?;
    if row.text("number").is_empty() {
        let series = match set {
            "fixedAssets" => "ASSET",
            "opportunities" => "OPP",
            _ => "PROJECT",
        };
        row.put("number", session.next_number(series)?);
    }
    if set == "opportunities" {
        row.put("creationDate", session.today);
        row.put("systemCreatedAt", stored_time(session.now.get()));
    }
    session.insert(&mut row)?;
    Ok(row)
}

/// Changes one.
pub(crate) fn update(session: &Session, mut row: Row, changes: &Changes) -> Answer<Row> {
    if changes.has("number") && changes.text("number") != row.text("number") {
        if changes.text("number").is_empty() {
            return Err(ApiError::new(400, "BadRequest_RequiredParamNotProvided", "The parameter 'number' must be provided; it is blank."));
        }
        if session.any(&row.table.name, "number", changes.text("number"))? {
            row.put("number", changes.text("number"));
            return Err(session.duplicate(&row, "number"));
        }
    }
    assign(session, &mut row, changes)?;
    session.save(&mut row)?;
    Ok(row)
}

fn assign(session: &Session, row: &mut Row, changes: &Changes) -> Answer<()> {
    changes.apply(row, &[]);
    match row.table.name.as_str() {
        "fixedAssets" => {
            let location = ("fixedAssetLocations", "code", "FA Location");
            follow(session, row, changes, location, ("fixedAssetLocationId", "fixedAssetLocationCode"))?;
            follow(session, row, changes, ("employees", "number", "Employee"), ("employeeId", "employeeNumber"))?;
        }
        "opportunities" => {
            follow(session, row, changes, ("salespeoplePurchasers", "code", "Salesperson/Purchaser"), ("", "salespersonCode"))?;
            if let Some(contact) = follow(session, row, changes, ("contacts", "number", "Contact"), ("", "contactNumber"))? {
                row.put("contactName", contact.text("displayName"));
                row.put("contactCompanyName", contact.text("companyName"));
            }
        }
        "customerContacts" => {
            if let Some(customer) = follow(session, row, changes, ("customers", "number", "Customer"), ("customerId", ""))? {
                row.put("customerName", customer.text("displayName"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Registers hours of an employee.
pub(crate) fn create_time(session: &Session, changes: &Changes) -> Answer<Row> {
    if !changes.refers("employeeId") && !changes.refers("employeeNumber") {
        return Err(ApiError::rule("An \"employeeNumber\" or an \"employeeId\" must be provided."));
    }
    let mut row = session.blank("timeRegistrationEntries")?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    row.put("date", session.today);
    row.put("status", "Open");
    assign_time(session, &mut row, changes)?;
    let earlier = session.all_by("timeRegistrationEntries", "employeeId", row.text("employeeId"))?;
    row.put("lineNumber", earlier.iter().map(|line| line.whole("lineNumber")).max().unwrap_or(0) + 10_000);
    if let Some(unit) = session.find_by("unitsOfMeasure", "code", "HOUR")? {
        row.put("unitOfMeasureId", unit.id());
        row.put("unitOfMeasureCode", unit.text("code"));
    }
    session.insert(&mut row)?;
    Ok(row)
}

/// Changes registered hours.
pub(crate) fn update_time(session: &Session, mut row: Row, changes: &Changes) -> Answer<Row> {
    check_open(&row)?;
    let employee = row.text("employeeId").to_owned();
    assign_time(session, &mut row, changes)?;
    if row.text("employeeId") != employee {
        return Err(ApiError::rule("The employee of registered hours cannot be changed."));
    }
    session.save(&mut row)?;
    Ok(row)
}

fn assign_time(session: &Session, row: &mut Row, changes: &Changes) -> Answer<()> {
    changes.apply(row, &["employeeId", "employeeNumber", "jobId", "jobNumber"]);
    follow(session, row, changes, ("employees", "number", "Employee"), ("employeeId", "employeeNumber"))?;
    follow(session, row, changes, ("projects", "number", "Job"), ("jobId", "jobNumber"))?;
    if row.decimal("quantity").is_sign_negative() {
        return Err(ApiError::rule("The \"quantity\" must not be negative."));
    }
    if row.date("date").is_none() {
        return Err(ApiError::rule("A \"date\" must be provided."));
    }
    Ok(())
}

/// Hours that were submitted stay as they are.
pub(crate) fn check_open(row: &Row) -> Answer<()> {
    if row.text("status") == "Open" {
        return Ok(());
    }
    Err(ApiError::rule(format!("The time registration of {} is {} and can no longer be modified.", row.text("date"), row.text("status"))))
}
