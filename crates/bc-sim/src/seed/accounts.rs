//! The chart of accounts: four digits, after the Norwegian standard chart, in English.

use crate::data::session::Session;
use crate::error::Answer;

/// What an account is.
#[derive(Clone, Copy)]
enum Role {
    Heading,
    /// Takes entries, also from documents.
    Open,
    /// Takes entries from posting only.
    Closed,
    /// Adds up a range.
    Total(&'static str, &'static str),
}

use Role::{Closed, Heading, Open, Total};

const ASSETS: &str = "Assets";
const LIABILITIES: &str = "Liabilities";
const EQUITY: &str = "Equity";
const INCOME: &str = "Income";
const COST: &str = "Cost of Goods Sold";
const EXPENSE: &str = "Expense";

const CHART: &[(&str, &str, &str, Role)] = &[
    ("1000", "ASSETS", ASSETS, Heading),
    ("1200", "Machinery and equipment", ASSETS, Open),
    ("1230", "Vehicles", ASSETS, Open),
    ("1250", "Fixtures and furniture", ASSETS, Open),
    ("1280", "Office machines", ASSETS, Open),
    ("1460", "Inventory, goods for resale", ASSETS, Closed),
    ("1500", "Trade receivables", ASSETS, Closed),
    ("1570", "Other receivables", ASSETS, Open),
    ("1580", "Provision for bad debts", ASSETS, Open),
    ("1700", "Prepaid rent", ASSETS, Open),
    ("1740", "Prepaid insurance", ASSETS, Open),
    ("1900", "Cash", ASSETS, Open),
    ("1920", "Bank account", ASSETS, Open),
    ("1950", "Bank account, tax withheld", ASSETS, Open),
    ("1999", "TOTAL ASSETS", ASSETS, Total("1000", "1998")),
    ("2000", "Share capital", EQUITY, Open),
    ("2050", "Other equity", EQUITY, Open),
    ("2080", "Retained earnings", EQUITY, Open),
    ("2199", "TOTAL EQUITY", EQUITY, Total("2000", "2198")),
    ("2220", "Bank loans", LIABILITIES, Open),
    ("2380", "Overdraft", LIABILITIES, Open),
    ("2400", "Trade payables", LIABILITIES, Closed),
    ("2500", "Tax payable", LIABILITIES, Open),
    ("2600", "Withheld income tax", LIABILITIES, Open),
    ("2700", "Output VAT", LIABILITIES, Closed),
    ("2710", "Input VAT", LIABILITIES, Closed),
    ("2740", "VAT settlement", LIABILITIES, Open),
    ("2770", "Social security contributions", LIABILITIES, Open),
    ("2930", "Salaries owed", LIABILITIES, Open),
    ("2940", "Holiday pay owed", LIABILITIES, Open),
    ("2960", "Accrued costs", LIABILITIES, Open),
    ("2998", "TOTAL LIABILITIES", LIABILITIES, Total("2200", "2997")),
    ("2999", "TOTAL EQUITY AND LIABILITIES", LIABILITIES, Total("2000", "2998")),
    ("3000", "Sales, domestic", INCOME, Open),
    ("3100", "Sales, abroad", INCOME, Open),
    ("3090", "Payment discounts granted", INCOME, Open),
    ("3600", "Freight charged to customers", INCOME, Open),
    ("3900", "Other income", INCOME, Open),
    ("3999", "TOTAL INCOME", INCOME, Total("3000", "3998")),
    ("4300", "Cost of goods sold", COST, Open),
    ("4360", "Freight, customs and forwarding", COST, Open),
    ("4380", "Payment discounts received", COST, Open),
    ("4390", "Inventory adjustments", COST, Open),
    ("4999", "TOTAL COST OF GOODS SOLD", COST, Total("4000", "4998")),
    ("5000", "Salaries", EXPENSE, Open),
    ("5092", "Holiday pay", EXPENSE, Open),
    ("5400", "Employer's contributions", EXPENSE, Open),
    ("5900", "Other personnel costs", EXPENSE, Open),
    ("6000", "Depreciation", EXPENSE, Open),
    ("6300", "Rent of premises", EXPENSE, Open),
    ("6340", "Light and heating", EXPENSE, Open),
    ("6540", "Furniture and equipment", EXPENSE, Open),
    ("6700", "Audit and accounting", EXPENSE, Open),
    ("6800", "Office supplies", EXPENSE, Open),
    ("6900", "Telephone and internet", EXPENSE, Open),
    ("7000", "Vehicle costs", EXPENSE, Open),
    ("7140", "Travel", EXPENSE, Open),
    ("7320", "Advertising", EXPENSE, Open),
    ("7500", "Insurance", EXPENSE, Open),
    ("7740", "Rounding", EXPENSE, Open),
    ("7770", "Bank charges", EXPENSE, Open),
    ("7830", "Losses on receivables", EXPENSE, Open),
    ("7999", "TOTAL OPERATING EXPENSES", EXPENSE, Total("5000", "7998")),
    ("8050", "Interest income", INCOME, Open),
    ("8060", "Currency gains", INCOME, Open),
    ("8150", "Interest expense", EXPENSE, Open),
    ("8160", "Currency losses", EXPENSE, Open),
    ("8300", "Income tax", EXPENSE, Open),
    ("8999", "NET RESULT", INCOME, Total("3000", "8998")),
];

/// The numbers of the chart.
pub(crate) fn numbers() -> String {
    CHART.iter().map(|(number, ..)| *number).collect::<Vec<_>>().join(" ")
}

pub(crate) fn chart(session: &Session) -> Answer<()> {
    for (number, name, category, role) in CHART {
        let mut row = session.blank("accounts")?;
        row.put("number", *number);
        row.put("displayName", *name);
        row.put("category", *category);
        let (kind, direct) = match role {
            Heading => ("Heading", false),
            Open => ("Posting", true),
            Closed => ("Posting", false),
            Total(from, to) => {
                row.put("_from", *from);
                row.put("_to", *to);
                ("Total", false)
            }
        };
        row.put("accountType", kind);
        row.put("directPosting", direct);
        row.put("consolidationTranslationMethod", "Average Rate (Manual)");
        session.insert(&mut row)?;
    }
    Ok(())
}
