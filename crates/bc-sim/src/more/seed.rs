//! What the companies have around their books: default dimensions, contact persons, assets, projects, hours, approvals, jobs.

use rusqlite::params;

use crate::books::documents::IN_REVIEW;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{Cell, stored_time};
use crate::error::Answer;

/// Code, prefix, first number, digits, step.
const SERIES: [(&str, &str, i64, i64, i64); 4] =
    [("ASSET", "FA", 100, 6, 10), ("OPP", "OP", 100, 6, 1), ("PROJECT", "PR", 100, 5, 10), ("LOYALTY", "LM", 1, 5, 1)];

/// Seeds a company; one without history gets the number series only.
pub(crate) fn all(session: &Session, scale: u32) -> Answer<()> {
    let mut statement = session.connection.prepare_cached("INSERT INTO _series (company, code, prefix, next, width, step) VALUES (?, ?, ?, ?, ?, ?)")?;
    for (code, prefix, next, width, step) in SERIES {
        statement.execute(params![session.company.get(), code, prefix, next, width, step])?;
    }
    if scale == 0 {
        return Ok(());
    }
    default_dimensions(session)?;
    contact_persons(session)?;
    assets(session)?;
    projects(session)?;
    opportunities(session)?;
    jobs(session)?;
    approvals(session)?;
    workflows(session)?;
    loyalty(session)
}

/// Inserts a row from texts and numbers.
fn add(session: &Session, set: &str, fields: &[(&str, Cell)]) -> Answer<Row> {
    let mut row = session.blank(set)?;
    for (column, cell) in fields {
        row.put(column, cell.clone());
    }
    session.insert(&mut row)?;
    Ok(row)
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// Each customer by its size, each vendor to purchasing.
fn default_dimensions(session: &Session) -> Answer<()> {
    let groups = [("10000", "LARGE"), ("13000", "LARGE"), ("11000", "SMALL"), ("12000", "MEDIUM")];
    for (number, code) in groups {
        default_dimension(session, ("customers", number, "Customer"), ("CUSTOMERGROUP", code))?;
    }
    default_dimension(session, ("vendors", "40000", "Vendor"), ("DEPARTMENT", "PURCHASE"))?;
    default_dimension(session, ("items", "1900", "Item"), ("DEPARTMENT", "SALES"))
}

fn default_dimension(session: &Session, parent: (&str, &str, &str), value: (&str, &str)) -> Answer<()> {
    let Some(owner) = session.find_by(parent.0, "number", parent.1)? else { return Ok(()) };
    let (Some(dimension), Some(chosen)) = (session.find_by("dimensions", "code", value.0)?, session.find_by("dimensionValues", "code", value.1)?) else {
        return Ok(());
    };
    add(
        session,
        "defaultDimensions",
        &[
            ("parentId", text(owner.id())),
            ("parentType", text(parent.2)),
            ("dimensionId", text(dimension.id())),
            ("dimensionCode", text(value.0)),
            ("dimensionValueId", text(chosen.id())),
            ("dimensionValueCode", text(value.1)),
        ],
    )?;
    Ok(())
}

const PERSONS: [(&str, &str, &str, &str); 5] = [
    ("10000", "Hanne", "Fosse", "Office manager"),
    ("11000", "Lars", "Tveit", "Owner"),
    ("12000", "Sigrid", "Moen", "Buyer"),
    ("13000", "Jonas", "Aas", "Hotel manager"),
    ("20000", "Elin", "Sjöberg", "Buyer"),
];

fn contact_persons(session: &Session) -> Answer<()> {
    for (number, first, last, title) in PERSONS {
        let Some(customer) = session.find_by("customers", "number", number)? else { continue };
        let host = customer.text("email").split('@').nth(1).unwrap_or("example").to_owned();
        add(
            session,
            "customerContacts",
            &[
                ("firstName", text(first)),
                ("lastName", text(last)),
                ("professionalTitle", text(title)),
                ("email", text(format!("{}@{host}", first.to_lowercase()))),
                ("customerId", text(customer.id())),
                ("customerName", text(customer.text("displayName"))),
                ("primaryPhoneNumber", text(customer.text("phoneNumber"))),
            ],
        )?;
    }
    Ok(())
}

const ASSETS: [(&str, &str, &str, &str, &str); 9] = [
    ("FA000010", "Delivery van, white", "TANGIBLE", "VEHICLES", "WAREHOUSE"),
    ("FA000020", "Delivery van, blue", "TANGIBLE", "VEHICLES", "WAREHOUSE"),
    ("FA000030", "Truck, 12 t", "TANGIBLE", "VEHICLES", "WAREHOUSE"),
    ("FA000040", "Forklift", "TANGIBLE", "EQUIPMENT", "WAREHOUSE"),
    ("FA000050", "Pallet rack, hall 1", "TANGIBLE", "EQUIPMENT", "WAREHOUSE"),
    ("FA000060", "Packing line", "TANGIBLE", "EQUIPMENT", "WAREHOUSE"),
    ("FA000070", "Goods lift", "TANGIBLE", "EQUIPMENT", "WAREHOUSE"),
    ("FA000080", "Server and network", "TANGIBLE", "EQUIPMENT", "OFFICE"),
    ("FA000090", "Meeting room furniture", "TANGIBLE", "FURNITURE", "OFFICE"),
];

fn assets(session: &Session) -> Answer<()> {
    for (number, name, class, subclass, place) in ASSETS {
        let location = session.find_by("fixedAssetLocations", "code", place)?;
        let mut fields = vec![
            ("number", text(number)),
            ("displayName", text(name)),
            ("classCode", text(class)),
            ("subclassCode", text(subclass)),
            ("serialNumber", text(format!("SN-{}", &number[4..]))),
            ("underMaintenance", Cell::from(number == "FA000040")),
        ];
        if let Some(location) = &location {
            fields.extend([("fixedAssetLocationId", text(location.id())), ("fixedAssetLocationCode", text(place))]);
        }
        add(session, "fixedAssets", &fields)?;
    }
    Ok(())
}

/// Three projects, and hours that employees worked on them.
fn projects(session: &Session) -> Answer<()> {
    for (number, name) in [("PR00010", "Fitting out Solvang Hotell"), ("PR00020", "Office plan for Elvebredden"), ("PR00030", "Own showroom")] {
        add(session, "projects", &[("number", text(number)), ("displayName", text(name))])?;
    }
    let Some(unit) = session.find_by("unitsOfMeasure", "code", "HOUR")? else { return Ok(()) };
    let hours = [("E0010", "PR00010", 7, "Approved"), ("E0010", "PR00010", 6, "Submitted"), ("E0010", "PR00020", 4, "Open"), ("E0020", "PR00030", 8, "Open")];
    for (line, (employee, project, quantity, status)) in (1i64..).zip(hours) {
        let (Some(employee), Some(job)) = (session.find_by("employees", "number", employee)?, session.find_by("projects", "number", project)?) else {
            continue;
        };
        let date = jiff::ToSpan::days(14 - line);
        let mut row = session.blank("timeRegistrationEntries")?;
        for (column, cell) in [
            ("employeeId", text(employee.id())),
            ("employeeNumber", text(employee.text("number"))),
            ("jobId", text(job.id())),
            ("jobNumber", text(project)),
            ("date", Cell::from(session.today.checked_sub(date).unwrap_or(session.today))),
            ("status", text(status)),
            ("lineNumber", Cell::Int(line * 10_000)),
            ("unitOfMeasureId", text(unit.id())),
            ("unitOfMeasureCode", text("HOUR")),
        ] {
            row.put(column, cell);
        }
        row.put_decimal("quantity", quantity.into())?;
        session.insert(&mut row)?;
    }
    Ok(())
}

fn opportunities(session: &Session) -> Answer<()> {
    let rows = [
        ("OP000001", "Fjordlys AS", "Twenty standing desks", "AH", "In Progress", 150_000, 60, 40),
        ("OP000002", "Solvang Hotell AS", "New breakfast room", "AH", "In Progress", 320_000, 40, 20),
        ("OP000003", "Trøndertre Bygg AS", "Canteen tables", "MV", "Not Started", 60_000, 20, 0),
        ("OP000004", "Dalen Regnskap AS", "Chairs for ten", "EB", "Won", 29_900, 100, 100),
    ];
    for (number, contact, description, person, status, value, chance, done) in rows {
        let Some(contact) = session.find_by("contacts", "displayName", contact)? else { continue };
        let mut row = session.blank("opportunities")?;
        for (column, cell) in [
            ("number", text(number)),
            ("contactNumber", text(contact.text("number"))),
            ("contactName", text(contact.text("displayName"))),
            ("contactCompanyName", text(contact.text("companyName"))),
            ("description", text(description)),
            ("salespersonCode", text(person)),
            ("status", text(status)),
            ("closed", Cell::from(status == "Won")),
            ("creationDate", Cell::from(session.today.checked_sub(jiff::ToSpan::days(40)).unwrap_or(session.today))),
            ("estimatedClosingDate", Cell::from(session.today.checked_add(jiff::ToSpan::days(30)).unwrap_or(session.today))),
            ("systemCreatedAt", text(stored_time(session.now.get()))),
        ] {
            row.put(column, cell);
        }
        if status == "Won" {
            row.put("dateClosed", session.today.checked_sub(jiff::ToSpan::days(5)).unwrap_or(session.today));
        }
        row.put_decimal("estimatedValue", value.into())?;
        row.put_decimal("calculatedCurrentValue", (value * chance / 100).into())?;
        row.put_decimal("chancesOfSuccessPrc", chance.into())?;
        row.put_decimal("completedPrc", done.into())?;
        session.insert(&mut row)?;
    }
    Ok(())
}

fn jobs(session: &Session) -> Answer<()> {
    let rows = [
        ("Adjust cost of items", 795, "Ready", ""),
        ("Update currency exchange rates", 1281, "Error", "The exchange rate service did not answer."),
        ("Send overdue reminders", 190, "On Hold", ""),
    ];
    for (description, object, status, error) in rows {
        let now = stored_time(session.now.get());
        let entry = add(
            session,
            "jobQueueEntries",
            &[
                ("jobQueueEntryId", text(session.new_id())),
                ("userId", text("NORDBY\\ASTRID")),
                ("objectTypeToRun", text("Codeunit")),
                ("objectIdToRun", Cell::Int(object)),
                ("objectCaptionToRun", text(description)),
                ("description", text(description)),
                ("status", text(status)),
                ("errorMessage", text(error)),
                ("recurringJob", Cell::from(true)),
                ("runOnMonday", Cell::from(true)),
                ("runOnThursday", Cell::from(true)),
                ("numberOfMinutesBetweenRuns", Cell::Int(1440)),
                ("maxNumberAttemptsToRun", Cell::Int(3)),
                ("numberOfAttemptsToRun", Cell::Int(if error.is_empty() { 0 } else { 3 })),
                ("priorityWithinCategory", text("Normal")),
                ("earliestStartDateTime", text(now.clone())),
            ],
        )?;
        add(
            session,
            "jobQueueLogEntries",
            &[
                ("jobQueueEntryId", text(entry.id())),
                ("userId", text("NORDBY\\ASTRID")),
                ("startDateTime", text(now.clone())),
                ("endDateTime", text(now)),
                ("objectIdToRun", Cell::Int(object)),
                ("objectTypeToRun", text("Codeunit")),
                ("status", text(if error.is_empty() { "Success" } else { "Error" })),
                ("description", text(description)),
                ("errorMessage", text(error)),
            ],
        )?;
    }
    Ok(())
}

/// Who approves what, and what was or is to be approved.
fn approvals(session: &Session) -> Answer<()> {
    for (user, name, approver, sales, purchases, admin) in [
        ("ASTRID", "Astrid Hauge", "", 0, 0, true),
        ("KARI", "Kari Solberg", "ASTRID", 0, 50_000, false),
        ("EIRIK", "Eirik Bakken", "ASTRID", 100_000, 0, false),
    ] {
        add(
            session,
            "approvalUserSetups",
            &[
                ("userId", text(user)),
                ("userFullName", text(name)),
                ("approverId", text(approver)),
                ("salesAmountApprovalLimit", Cell::Int(sales)),
                ("purchaseAmountApprovalLimit", Cell::Int(purchases)),
                ("unlimitedSalesApproval", Cell::from(admin)),
                ("unlimitedPurchaseApproval", Cell::from(admin)),
                ("email", text(format!("{}@nordbyhandel.example", user.to_lowercase()))),
                ("approvalAdmin", Cell::from(admin)),
            ],
        )?;
    }
    approval_entries(session)
}

/// One purchase order waits for approval, those before it were approved, and so was an invoice in the books.
fn approval_entries(session: &Session) -> Answer<()> {
    let orders = numbered(session, "purchaseOrders", "1")?;
    let mut entry = 0;
    for order in orders.iter().filter(|order| order.text("status") == "Open") {
        entry += 1;
        approval(session, "approvalEntries", entry, "Approved", order, ("Order", 38, "Purchase Header: Order"))?;
    }
    if let Some(mut order) = orders.into_iter().rev().find(|order| order.text("status") == "Draft") {
        order.put("status", IN_REVIEW);
        session.save(&mut order)?;
        approval(session, "approvalEntries", entry + 1, "Open", &order, ("Order", 38, "Purchase Header: Order"))?;
    }
    match numbered(session, "purchaseInvoices", "_posted")?.last() {
        Some(invoice) => approval(session, "postedApprovalEntries", 1, "Approved", invoice, ("Invoice", 122, "Purch. Inv. Header")),
        None => Ok(()),
    }
}

/// The records of a set that a condition holds for, by their number.
fn numbered(session: &Session, set: &str, condition: &str) -> Answer<Vec<Row>> {
    let table = session.table(set)?;
    let sql = format!("{} WHERE company = ? AND {condition} ORDER BY number", table.select);
    let rows = session.connection.prepare_cached(&sql)?.query_map([session.company.get()], |row| Row::read(table, row))?.collect::<Result<_, _>>()?;
    Ok(rows)
}

fn approval(session: &Session, set: &str, entry: i64, status: &str, document: &Row, (kind, table, name): (&str, i64, &str)) -> Answer<()> {
    let sent = stored_time(session.now.get());
    let number = document.text("number");
    add(
        session,
        set,
        &[
            ("entryNumber", Cell::Int(entry)),
            ("tableId", Cell::Int(table)),
            ("documentType", text(kind)),
            ("documentNumber", text(number)),
            ("sequenceNumber", Cell::Int(1)),
            ("senderId", text("KARI")),
            ("senderName", text("Kari Solberg")),
            ("approvalCode", text("PURCH-ORDER")),
            ("approverId", text("ASTRID")),
            ("approverName", text("Astrid Hauge")),
            ("status", text(status)),
            ("dateTimeSentForApproval", text(sent.clone())),
            ("lastDateTimeModified", text(sent)),
            ("dueDate", Cell::from(session.today)),
            ("currencyCode", text(document.text("currencyCode"))),
            ("amount", Cell::Int(document.whole("totalAmountIncludingTax"))),
            ("amountLCY", Cell::Int(document.whole("totalAmountIncludingTax"))),
            ("approvalType", text("Approver")),
            ("limitType", text("Approval Limits")),
            ("recordIdToApprove", text(format!("{name},{number}"))),
            ("recordId", text(format!("{name},{number}"))),
        ],
    )?;
    Ok(())
}

/// Code, description, category, when it starts, what it then does.
const WORKFLOWS: [(&str, &str, &str, &str, &str); 2] = [
    ("PURCH-ORDER", "Purchase order approval", "PURCHASE", "RUNWORKFLOWONSENDPURCHASEDOCFORAPPROVAL", "CREATEAPPROVALREQUESTS"),
    ("CUST-CREDIT", "Customer credit limit approval", "SALES", "RUNWORKFLOWONCUSTOMERCREDITLIMITEXCEEDED", "CREATEAPPROVALREQUESTS"),
];

fn workflows(session: &Session) -> Answer<()> {
    for (index, (code, description, category, event, response)) in (0i64..).zip(WORKFLOWS) {
        let workflow = add(
            session,
            "workflows",
            &[("code", text(code)), ("description", text(description)), ("category", text(category)), ("enabled", Cell::from(index == 0))],
        )?;
        let argument = session.new_id();
        for (number, kind, function) in [(1, "Event", event), (2, "Response", response)] {
            let id = index * 2 + number;
            let step = add(
                session,
                "workflowSteps",
                &[
                    ("id", Cell::Int(id)),
                    ("workflowCode", text(code)),
                    ("description", text(if number == 1 { "Approval is asked for" } else { "Ask the approver" })),
                    ("entryPoint", Cell::from(number == 1)),
                    ("previousWorkflowStepId", Cell::Int(if number == 1 { 0 } else { id - 1 })),
                    ("nextWorkflowStepId", Cell::Int(0)),
                    ("type", text(kind)),
                    ("functionName", text(function)),
                    ("argument", text(argument.clone())),
                    ("sequenceNumber", Cell::Int(id)),
                    ("_workflow", text(workflow.id())),
                ],
            )?;
            if number == 2 {
                response_option(session, &step, &argument, response)?;
            }
        }
        approver(session, &workflow, index * 2 + 2, &argument)?;
    }
    Ok(())
}

fn response_option(session: &Session, step: &Row, argument: &str, function: &str) -> Answer<()> {
    add(
        session,
        "workflowResponseOptions",
        &[
            ("id", text(argument)),
            ("type", text("Response")),
            ("responseFunctionName", text(function)),
            ("approverType", text("Approver")),
            ("approverLimitType", text("Direct Approver")),
            ("dueDateFormula", text("7D")),
            ("notificationEntryType", text("Approval")),
            ("_step", text(step.id())),
        ],
    )
    .map(|_| ())
}

fn approver(session: &Session, workflow: &Row, step: i64, argument: &str) -> Answer<()> {
    add(
        session,
        "workflowApprovers",
        &[
            ("workflowCode", text(workflow.text("code"))),
            ("workflowDescription", text(workflow.text("description"))),
            ("category", text(workflow.text("category"))),
            ("enabled", Cell::from(workflow.flag("enabled"))),
            ("workflowStepId", Cell::Int(step)),
            ("argumentId", text(argument)),
            ("approverType", text("Approver")),
            ("approverLimitType", text("Direct Approver")),
            ("userName", text("ASTRID")),
            ("sequence", Cell::Int(1)),
        ],
    )
    .map(|_| ())
}

/// Two members of the loyalty programme, where the extension is installed.
fn loyalty(session: &Session) -> Answer<()> {
    if session.facts.set("loyaltyMembers").is_none() {
        return Ok(());
    }
    for (number, tier, points) in [("10000", "Gold", 1200), ("13000", "Silver", 450)] {
        let Some(customer) = session.find_by("customers", "number", number)? else { continue };
        let member = add(
            session,
            "loyaltyMembers",
            &[
                ("number", text(session.next_number("LOYALTY")?)),
                ("customerId", text(customer.id())),
                ("customerNumber", text(number)),
                ("customerName", text(customer.text("displayName"))),
                ("tier", text(tier)),
                ("points", Cell::Int(points)),
                ("joinedDate", Cell::from(session.today.first_of_year())),
            ],
        )?;
        add(
            session,
            "loyaltyEntries",
            &[
                ("entryNumber", Cell::Int(session.next_entry("loyaltyEntries")?)),
                ("memberId", text(member.id())),
                ("memberNumber", text(member.text("number"))),
                ("postingDate", Cell::from(session.today.first_of_year())),
                ("points", Cell::Int(points)),
                ("description", text("Opening points")),
            ],
        )?;
    }
    Ok(())
}
