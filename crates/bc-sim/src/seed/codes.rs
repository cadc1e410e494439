//! The company itself, its number series and its code tables.

use rusqlite::params;

use crate::books::journals;
use crate::books::ledger::account;
use crate::data::session::Session;
use crate::data::value::stored_time;
use crate::error::Answer;
use crate::seed::{create, id_of};

/// The company's row, its information and its ledger setup.
pub(crate) fn company(session: &Session, name: &str) -> Answer<()> {
    let mut row = session.blank("companies")?;
    let created = stored_time(session.now.get());
    for column in ["name", "displayName"] {
        row.put(column, name);
    }
    row.put("systemVersion", "28.0.0.0");
    row.put("systemCreatedAt", created.as_str());
    row.put("systemModifiedAt", created.as_str());
    row.put("timestamp", 1000 + session.company.get());
    session.insert(&mut row)?;
    let mut information = session.blank("companyInformation")?;
    let trading = session.company.get() == 1;
    let fields: [(&str, &str); 10] = if trading {
        [
            ("displayName", name),
            ("addressLine1", "Kaigata 14"),
            ("city", "Bergen"),
            ("country", "NO"),
            ("postalCode", "5003"),
            ("phoneNumber", "+47 55 01 20 00"),
            ("email", "post@nordbyhandel.example"),
            ("website", "https://nordbyhandel.example"),
            ("taxRegistrationNumber", "NO 900 100 201 MVA"),
            ("industry", "Office furniture"),
        ]
    } else {
        [
            ("displayName", name),
            ("addressLine1", "Industriveien 3"),
            ("city", "Lillehammer"),
            ("country", "NO"),
            ("postalCode", "2609"),
            ("phoneNumber", "+47 61 02 30 00"),
            ("email", "post@fjellheimverksted.example"),
            ("website", "https://fjellheimverksted.example"),
            ("taxRegistrationNumber", "NO 900 100 302 MVA"),
            ("industry", "Workshop"),
        ]
    };
    for (column, value) in fields {
        information.put(column, value);
    }
    information.put("currencyCode", "NOK");
    information.put("experience", "Essential");
    information.put("currentFiscalYearStartDate", session.today.first_of_year());
    session.insert(&mut information)?;
    let mut setup = session.blank("generalLedgerSetup")?;
    setup.put("localCurrencyCode", "NOK");
    setup.put("localCurrencySymbol", "kr");
    setup.put("shortcutDimension1Code", "DEPARTMENT");
    setup.put("shortcutDimension2Code", "CUSTOMERGROUP");
    session.insert(&mut setup)
}

/// Number series: code, prefix, first number, digits, step.
const SERIES: [(&str, &str, i64, i64, i64); 23] = [
    ("CUST", "C", 10, 5, 10),
    ("VEND", "V", 10, 5, 10),
    ("CONT", "CT", 1, 6, 1),
    ("ITEM", "", 2000, 4, 1),
    ("ITEM-JNL", "T", 1, 5, 1),
    ("S-QUO", "S-QUO", 101_001, 6, 1),
    ("S-ORD", "S-ORD", 101_001, 6, 1),
    ("S-INV", "S-INV", 102_001, 6, 1),
    ("S-INV+", "PS-INV", 103_001, 6, 1),
    ("S-CR", "S-CR", 104_001, 6, 1),
    ("S-CR+", "PS-CR", 104_001, 6, 1),
    ("S-SHPT", "S-SHPT", 102_001, 6, 1),
    ("P-ORD", "P-ORD", 106_001, 6, 1),
    ("P-CR", "P-CR", 109_001, 6, 1),
    ("P-CR+", "PP-CR", 109_001, 6, 1),
    ("P-RCPT", "P-RCPT", 107_001, 6, 1),
    ("EMPL", "E", 10, 4, 10),
    ("BANK", "B", 10, 3, 10),
    ("P-INV", "P-INV", 107_001, 6, 1),
    ("P-INV+", "PP-INV", 108_001, 6, 1),
    ("GENJNL", "G", 1, 5, 1),
    ("CASHRCPT", "G", 20_001, 5, 1),
    ("PAYMENT", "G", 40_001, 5, 1),
];

pub(crate) fn series(session: &Session) -> Answer<()> {
    let mut statement = session.connection.prepare_cached("INSERT INTO _series (company, code, prefix, next, width, step) VALUES (?, ?, ?, ?, ?, ?)")?;
    for (code, prefix, next, width, step) in SERIES {
        statement.execute(params![session.company.get(), code, prefix, next, width, step])?;
    }
    Ok(())
}

/// Tables of code and name.
const CODES: [(&str, &[(&str, &str)]); 11] = [
    (
        "paymentMethods",
        &[
            ("ACCOUNT", "Payment on account"),
            ("BANK", "Bank transfer"),
            ("CARD", "Card payment"),
            ("CASH", "Cash payment"),
            ("DIRDEBIT", "Direct debit"),
            ("VIPPS", "Mobile payment"),
        ],
    ),
    (
        "shipmentMethods",
        &[
            ("CFR", "Cost and freight"),
            ("CIF", "Cost, insurance and freight"),
            ("CPT", "Carriage paid to"),
            ("DAP", "Delivered at place"),
            ("DDP", "Delivered duty paid"),
            ("DELIVERY", "Delivery by our own van"),
            ("EXW", "Ex works"),
            ("FCA", "Free carrier"),
            ("FOB", "Free on board"),
            ("PICKUP", "Pickup at the warehouse"),
        ],
    ),
    (
        "unitsOfMeasure",
        &[
            ("PCS", "Piece"),
            ("BOX", "Box"),
            ("SET", "Set"),
            ("PACK", "Pack"),
            ("PALLET", "Pallet"),
            ("HOUR", "Hour"),
            ("DAY", "Day"),
            ("KG", "Kilogram"),
            ("L", "Litre"),
            ("M", "Metre"),
            ("KM", "Kilometre"),
        ],
    ),
    (
        "itemCategories",
        &[
            ("CHAIR", "Chairs"),
            ("DESK", "Desks"),
            ("TABLE", "Tables"),
            ("LIGHTING", "Lamps and lighting"),
            ("STORAGE", "Storage"),
            ("SUPPLIES", "Office supplies"),
            ("SERVICE", "Services"),
        ],
    ),
    ("taxGroups", &[("STANDARD", "Standard rate, 25 %"), ("REDUCED", "Reduced rate, 15 %"), ("ZERO", "Zero rate")]),
    ("disputeStatus", &[("AMOUNT", "Amount is disputed"), ("DELIVERY", "Delivery is disputed"), ("WAITING", "Waiting for an answer")]),
    ("fixedAssetLocations", &[("OFFICE", "Office"), ("WAREHOUSE", "Warehouse")]),
    ("journals", &[("DEFAULT", "Default journal"), ("MONTHLY", "Month-end journal")]),
    ("customerPaymentJournals", &[("CASH", "Cash receipts")]),
    ("vendorPaymentJournals", &[("BANK", "Payments through the bank")]),
    ("taxAreas", &[("NO", "Norway"), ("EU", "European Union"), ("EXPORT", "Outside the European Union")]),
];

/// Code, name, due date, discount date, discount percentage.
const TERMS: [(&str, &str, &str, &str, &str); 11] = [
    ("1M(8D)", "1 month, 2 % within 8 days", "1M", "8D", "2"),
    ("7 DAYS", "Net 7 days", "7D", "", "0"),
    ("10 DAYS", "Net 10 days", "10D", "", "0"),
    ("14 DAYS", "Net 14 days", "14D", "", "0"),
    ("15 DAYS", "Net 15 days", "15D", "", "0"),
    ("21 DAYS", "Net 21 days", "21D", "", "0"),
    ("30 DAYS", "Net 30 days", "30D", "", "0"),
    ("45 DAYS", "Net 45 days", "45D", "", "0"),
    ("60 DAYS", "Net 60 days", "60D", "", "0"),
    ("CM", "Current month", "CM", "", "0"),
    ("COD", "Cash on delivery", "0D", "", "0"),
];

/// Code, name, symbol, local currency for one unit.
const CURRENCIES: [(&str, &str, &str, &str); 8] = [
    ("CHF", "Swiss franc", "CHF", "12.4500"),
    ("DKK", "Danish krone", "kr", "1.5600"),
    ("EUR", "Euro", "€", "11.6500"),
    ("GBP", "Pound sterling", "£", "13.4000"),
    ("JPY", "Japanese yen", "¥", "0.0700"),
    ("PLN", "Polish zloty", "zł", "2.7300"),
    ("SEK", "Swedish krona", "kr", "1.0600"),
    ("USD", "US dollar", "$", "10.1000"),
];

const COUNTRIES: [(&str, &str); 16] = [
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("CH", "Switzerland"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("ES", "Spain"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("IS", "Iceland"),
    ("IT", "Italy"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("PL", "Poland"),
    ("SE", "Sweden"),
    ("US", "United States"),
];

/// Code, name, title.
const SALESPEOPLE: [(&str, &str, &str); 6] = [
    ("AH", "Astrid Hauge", "Sales manager"),
    ("EB", "Eirik Bakken", "Sales representative"),
    ("IN", "Ingrid Nes", "Sales representative"),
    ("KS", "Kari Solberg", "Purchaser"),
    ("MV", "Magnus Vik", "Sales representative"),
    ("TL", "Tore Lunde", "Purchaser"),
];

/// Code, name, street, postal code, city.
const LOCATIONS: [(&str, &str, &str, &str, &str); 4] = [
    ("EAST", "Warehouse east", "Alnabruveien 41", "0668", "Oslo"),
    ("MAIN", "Main warehouse", "Kaigata 14", "5003", "Bergen"),
    ("NORTH", "Warehouse north", "Havnevegen 8", "7010", "Trondheim"),
    ("TRANSIT", "Goods on the road", "", "", ""),
];

pub(crate) fn tables(session: &Session) -> Answer<()> {
    for (code, name) in COUNTRIES {
        create(session, "countriesRegions", &[("code", code), ("displayName", name), ("addressFormat", "Post Code+City")])?;
    }
    for (set, rows) in CODES {
        for (code, name) in rows {
            create(session, set, &[("code", code), ("displayName", name)])?;
        }
    }
    for (set, code, name) in [
        ("generalProductPostingGroups", "RETAIL", "Goods for resale"),
        ("generalProductPostingGroups", "SERVICES", "Services"),
        ("inventoryPostingGroups", "RESALE", "Goods for resale"),
    ] {
        let mut row = session.blank(set)?;
        row.put("code", code);
        row.put("description", name);
        row.put("displayName", name);
        session.insert(&mut row)?;
    }
    for (code, name, due, discount, percent) in TERMS {
        create(
            session,
            "paymentTerms",
            &[("code", code), ("displayName", name), ("dueDateCalculation", due), ("discountDateCalculation", discount), ("discountPercent", percent)],
        )?;
    }
    for (code, name, symbol, rate) in CURRENCIES {
        let mut row = create(
            session,
            "currencies",
            &[("code", code), ("displayName", name), ("symbol", symbol), ("amountDecimalPlaces", "2:2"), ("amountRoundingPrecision", "0.01")],
        )?;
        row.put_decimal("_rate", rate.parse().unwrap_or_default())?;
        session.save(&mut row)?;
        exchange_rate(session, code, rate)?;
    }
    for (code, description) in [("DAMAGED", "Goods arrived damaged"), ("WRONG", "Wrong goods delivered"), ("RETURN", "Returned within the agreed time")] {
        create(session, "customerReturnReasons", &[("code", code), ("description", description)])?;
    }
    for (code, name, title) in SALESPEOPLE {
        let first = name.split(' ').next().unwrap_or_default().to_lowercase();
        let email = format!("{first}@nordbyhandel.example");
        create(session, "salespeoplePurchasers", &[("code", code), ("displayName", name), ("jobTitle", title), ("email", &email)])?;
    }
    for (code, name, street, postal, city) in LOCATIONS {
        create(
            session,
            "locations",
            &[("code", code), ("displayName", name), ("addressLine1", street), ("postalCode", postal), ("city", city), ("country", "NO")],
        )?;
    }
    people(session)?;
    periods(session)?;
    dimensions(session)
}

fn exchange_rate(session: &Session, code: &str, rate: &str) -> Answer<()> {
    let mut row = session.blank("currencyExchangeRates")?;
    row.put("currencyCode", code);
    row.put("startingDate", jiff::civil::Date::new(session.today.year() - 1, 1, 1).unwrap_or(session.today));
    row.put_decimal("exchangeRateAmount", 1.into())?;
    row.put_decimal("relationalExchangeRateAmount", rate.parse().unwrap_or_default())?;
    session.insert(&mut row)
}

/// The salespeople as employees, and the bank accounts.
fn people(session: &Session) -> Answer<()> {
    for (_, name, title) in SALESPEOPLE {
        let (given, family) = name.split_once(' ').unwrap_or((name, ""));
        let email = format!("{}@nordbyhandel.example", given.to_lowercase());
        create(
            session,
            "employees",
            &[
                ("givenName", given),
                ("surname", family),
                ("jobTitle", title),
                ("email", &email),
                ("country", "NO"),
                ("status", "Active"),
                ("employmentDate", "2019-08-01"),
            ],
        )?;
    }
    for (number, name, account) in [("CHECKING", "Current account, Vestbanken", "1234.56.78903"), ("SAVINGS", "Savings account, Vestbanken", "1234.56.78911")] {
        create(session, "bankAccounts", &[("number", number), ("displayName", name), ("bankAccountNumber", account)])?;
    }
    Ok(())
}

/// The months of last year, this year and the first of the next. Years that end before the books are open are closed.
fn periods(session: &Session) -> Answer<()> {
    const MONTHS: [&str; 12] = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
    let year = session.today.year();
    let open = open_from(session.today);
    for (year, months) in [(year - 1, 12), (year, 12), (year + 1, 1)] {
        for (month, name) in (1i8..).zip(MONTHS.iter().take(months)) {
            let Ok(start) = jiff::civil::Date::new(year, month, 1) else { continue };
            let mut row = session.blank("accountingPeriods")?;
            row.put("startingDate", start);
            row.put("name", *name);
            row.put("newFiscalYear", month == 1);
            let closed = start.last_of_year() < open;
            row.put("closed", closed);
            row.put("dateLocked", closed);
            session.insert(&mut row)?;
        }
    }
    Ok(())
}

/// The first day that may still be posted: this year is open, and the last three months are.
fn open_from(today: jiff::civil::Date) -> jiff::civil::Date {
    use jiff::ToSpan;
    let months = today.first_of_month().checked_sub(3.months()).unwrap_or(today);
    today.first_of_year().min(months)
}

/// After the history: what is earlier than the open months takes no more postings.
pub(crate) fn close_books(session: &Session) -> Answer<()> {
    for mut setup in session.all_by("generalLedgerSetup", "localCurrencyCode", "NOK")? {
        setup.put("allowPostingFrom", open_from(session.today));
        session.save(&mut setup)?;
    }
    Ok(())
}

/// The payment journals pay from, and receive into, the bank account.
pub(crate) fn balance_journals(session: &Session) -> Answer<()> {
    let bank = id_of(session, "accounts", "number", account::BANK)?;
    for set in ["customerPaymentJournals", "vendorPaymentJournals"] {
        for code in ["CASH", "BANK"] {
            let Some(mut row) = session.find_by(set, "code", code)? else { continue };
            row.put("balancingAccountId", bank.as_str());
            row.put("balancingAccountNumber", account::BANK);
            session.save(&mut row)?;
            journals::mirror(session, &row)?;
        }
    }
    Ok(())
}

/// A dimension: code, name, values.
type Dimension = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const DIMENSIONS: [Dimension; 2] = [
    ("DEPARTMENT", "Department", &[("ADM", "Administration"), ("PURCHASE", "Purchasing"), ("SALES", "Sales"), ("STOCK", "Warehouse")]),
    ("CUSTOMERGROUP", "Customer group", &[("LARGE", "Large business"), ("MEDIUM", "Medium business"), ("SMALL", "Small business")]),
];

fn dimensions(session: &Session) -> Answer<()> {
    for (code, name, values) in DIMENSIONS {
        let mut row = session.blank("dimensions")?;
        row.put("code", code);
        row.put("displayName", name);
        session.insert(&mut row)?;
        let dimension = id_of(session, "dimensions", "code", code)?;
        for (code, name) in values {
            let mut row = session.blank("dimensionValues")?;
            row.put("code", *code);
            row.put("displayName", *name);
            row.put("dimensionId", dimension.as_str());
            session.insert(&mut row)?;
        }
    }
    Ok(())
}
