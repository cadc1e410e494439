//! The reports agree with the ledger to the cent, for the period that is asked for.

use serde_json::{Value, json};

use crate::books::{Books, posted, shown_units, sum, text, units};
use crate::support::{Company, company};

const FOUR_BUCKETS: [&str; 4] = ["currentAmount", "period1Amount", "period2Amount", "period3Amount"];

/// Checks each report against the ledgers that were read.
pub async fn check(company: &Company, books: &Books) {
    let last = books.entries.iter().map(|entry| text(entry, "postingDate")).max().unwrap_or("2026-06-15").to_owned();
    trial_balance(company, books, "2001-01-01", &last).await;
    statements(company, books, &last).await;
    aged(company, books).await;
    turnover(company, books).await;
}

/// Debits less credits of the accounts that a test chooses, in a period; dates compare as text.
fn change(books: &Books, from: &str, to: &str, chosen: impl Fn(&str) -> bool) -> i128 {
    let within = |entry: &&Value| (from..=to).contains(&text(entry, "postingDate")) && chosen(text(entry, "accountNumber"));
    books.entries.iter().filter(within).map(|entry| units(&entry["debitAmount"]) - units(&entry["creditAmount"])).sum()
}

fn is_result(number: &str) -> bool {
    number >= "3000"
}

async fn trial_balance(company: &Company, books: &Books, from: &str, to: &str) {
    let rows = company.all(&format!("trialBalances?$filter=dateFilter ge {from} and dateFilter le {to}")).await;
    assert_eq!(rows.len(), books.accounts.len());
    let total = |name: &str| rows.iter().map(|row| shown_units(&row[name])).sum::<i128>();
    assert_eq!(total("totalDebit"), total("totalCredit"));
    assert_eq!(total("balanceAtDateDebit"), total("balanceAtDateCredit"));
    for row in &rows {
        assert_eq!(row["dateFilter"], to);
        let number = text(row, "number");
        if row["accountType"] != "Posting" {
            assert_eq!(row["totalDebit"], "", "{row}");
            continue;
        }
        let moved = shown_units(&row["totalDebit"]) - shown_units(&row["totalCredit"]);
        assert_eq!(moved, change(books, from, to, |account| account == number), "{row}");
        let balance = shown_units(&row["balanceAtDateDebit"]) - shown_units(&row["balanceAtDateCredit"]);
        assert_eq!(balance, change(books, "", to, |account| account == number), "{row}");
    }
}

fn line(rows: &[Value], display: &str, amount: &str) -> i128 {
    let found: Vec<&Value> = rows.iter().filter(|row| row["display"] == display).collect();
    assert_eq!(found.len(), 1, "{display} in {rows:?}");
    units(&found[0][amount])
}

/// Each total is the sum of the details since the header before it.
fn totals_add_up(rows: &[Value], amount: &str, totals: &[&str]) {
    for total in totals {
        let end = rows.iter().position(|row| row["display"] == *total).unwrap_or_else(|| panic!("no {total}"));
        let start = rows[..end].iter().rposition(|row| row["lineType"] == "header").unwrap();
        assert_eq!(units(&rows[end][amount]), sum(rows[start..end].iter().filter(|row| row["lineType"] == "detail"), amount), "{total}");
    }
}

async fn statements(company: &Company, books: &Books, last: &str) {
    let first = format!("{}-01-01", &last[..4]);
    let period = format!("$filter=dateFilter ge {first} and dateFilter le {last}&$orderby=lineNumber");
    let result = -change(books, &first, last, is_result);

    let sheet = company.all(&format!("balanceSheets?$filter=dateFilter eq {last}")).await;
    totals_add_up(&sheet, "balance", &["Total Assets", "Total Liabilities", "Total Equity"]);
    let at = |name: &str| line(&sheet, name, "balance");
    assert_eq!(at("Total Assets"), change(books, "", last, |number| number < "2000"));
    assert_eq!(at("Total Assets"), at("Total Liabilities and Equity"));
    assert_eq!(at("Total Liabilities"), -change(books, "", last, |number| ("2200".."3000").contains(&number)));
    assert_eq!(at("Net income, this year"), result);

    let income = company.all(&format!("incomeStatements?{period}")).await;
    totals_add_up(&income, "netChange", &["Total Income", "Total Cost of Goods Sold", "Total Operating Expenses"]);
    let of = |name: &str| line(&income, name, "netChange");
    assert_eq!(of("Gross Profit"), of("Total Income") - of("Total Cost of Goods Sold"));
    assert_eq!(of("Net Income"), of("Gross Profit") - of("Total Operating Expenses"));
    assert_eq!(of("Net Income"), result);

    let cash = company.all(&format!("cashFlowStatements?{period}")).await;
    let sums = ["Operating", "Investing", "Financing"].map(|kind| format!("Net Cash Flows from {kind} Activities"));
    totals_add_up(&cash, "netChange", &sums.each_ref().map(String::as_str));
    let is_cash = |number: &str| number.starts_with("19");
    let net = line(&cash, "Net Cash Increase for the Period", "netChange");
    assert_eq!(net, sums.iter().map(|name| line(&cash, name, "netChange")).sum::<i128>());
    assert_eq!(net, change(books, &first, last, is_cash));
    assert_eq!(line(&cash, "Cash at the End of the Period", "netChange"), change(books, "", last, is_cash));

    let kept = company.all(&format!("retainedEarningsStatements?{period}")).await;
    totals_add_up(&kept, "netChange", &["Retained Earnings, End of Period"]);
    let end = line(&kept, "Retained Earnings, End of Period", "netChange");
    assert_eq!(end, -change(books, "", last, |number| is_result(number) || number == "2050" || number == "2080"));
    assert_eq!(line(&kept, "Net Income", "netChange"), result);
    assert_eq!(at("Total Equity"), end - change(books, "", last, |number| number == "2000"));
}

async fn aged(company: &Company, books: &Books) {
    let details = company.all("customerFinancialDetails").await;
    for (set, id, partners, balance) in
        [("agedAccountsReceivables", "customerId", &books.customers, "balanceDue"), ("agedAccountsPayables", "vendorId", &books.vendors, "balance")]
    {
        let rows = company.all(set).await;
        assert_eq!(rows.len(), partners.len() + 1, "one for each, and one for all");
        for row in &rows {
            assert_eq!(FOUR_BUCKETS.iter().map(|bucket| units(&row[*bucket])).sum::<i128>(), units(&row["balanceDue"]), "{row}");
            assert_eq!(row["periodLengthFilter"], "30D");
        }
        for partner in partners {
            let row = rows.iter().find(|row| row[id] == partner["id"]).unwrap();
            assert_eq!(row["balanceDue"], partner[balance], "{row}");
        }
        let total = rows.iter().find(|row| row["name"] == "Total").unwrap();
        assert_eq!(units(&total["balanceDue"]), sum(partners, balance));
        assert_eq!(rows.last().map(|row| text(row, "name")), Some("Total"), "the row for all of them comes last");
        let Some(as_of) = rows.first().map(|row| text(row, "agedAsOfDate").to_owned()) else { continue };
        let narrow = company.all(&format!("{set}?$filter=agedAsOfDate eq {as_of} and periodLengthFilter eq '7D'")).await;
        assert_eq!(narrow.len(), rows.len());
        for (wide, narrow) in rows.iter().zip(&narrow) {
            assert_eq!((&wide["balanceDue"], &wide["currentAmount"]), (&narrow["balanceDue"], &narrow["currentAmount"]), "{narrow}");
        }
    }
    let aged = company.all("agedAccountsReceivables").await;
    for row in details {
        let aged = aged.iter().find(|aged| aged["customerId"] == row["id"]).unwrap();
        assert_eq!(row["balance"], aged["balanceDue"], "{row}");
        assert_eq!(units(&row["overdueAmount"]), units(&aged["balanceDue"]) - units(&aged["currentAmount"]), "{row}");
    }
}

async fn turnover(company: &Company, books: &Books) {
    let details = company.all("customerFinancialDetails").await;
    for (set, id, partners, payer, amount, invoices, memos) in [
        ("customerSales", "customerId", &books.customers, "billToCustomerId", "totalSalesAmount", &books.sales_invoices, &books.sales_memos),
        ("vendorPurchases", "vendorId", &books.vendors, "payToVendorId", "totalPurchaseAmount", &books.purchase_invoices, &books.purchase_memos),
    ] {
        let rows = company.all(set).await;
        let year = company.all(&format!("{set}?$filter=dateFilter_FilterOnly ge 2026-01-01 and dateFilter_FilterOnly le 2026-03-31")).await;
        assert_eq!((rows.len(), year.len()), (partners.len(), partners.len()));
        for partner in partners.iter().filter(|row| row["currencyCode"] == "NOK") {
            let found = |rows: &[Value]| units(&rows.iter().find(|row| row[id] == partner["id"]).unwrap()[amount]);
            let of = |rows: &[Value], from: &str, to: &str| {
                let mine = posted(rows).filter(|row| row[payer] == partner["id"] && (from..=to).contains(&text(row, "postingDate")));
                sum(mine, "totalAmountExcludingTax")
            };
            assert_eq!(found(&rows), of(invoices, "", "9999") - of(memos, "", "9999"), "{partner}");
            assert_eq!(found(&year), of(invoices, "2026-01-01", "2026-03-31") - of(memos, "2026-01-01", "2026-03-31"), "{partner}");
            if let Some(detail) = details.iter().find(|row| row["id"] == partner["id"]) {
                assert_eq!(units(&detail["totalSalesExcludingTax"]), found(&rows));
            }
        }
        assert!(rows.iter().all(|row| row.get("dateFilter_FilterOnly").is_none()), "{rows:?}");
    }
}

#[tokio::test]
async fn a_month_is_that_month() {
    let company = company().await;
    let books = Books::read(&company).await;
    trial_balance(&company, &books, "2026-02-01", "2026-02-28").await;
    trial_balance(&company, &books, "2026-05-31", "2026-05-31").await;
    let february = company.all("incomeStatements?$filter=dateFilter ge 2026-02-01 and dateFilter lt 2026-03-01").await;
    assert_eq!(line(&february, "Net Income", "netChange"), -change(&books, "2026-02-01", "2026-02-28", is_result));
    let year_end = company.all("balanceSheets?$filter=dateFilter eq 2025-12-31").await;
    assert_eq!(line(&year_end, "Total Assets", "balance"), change(&books, "", "2025-12-31", |number| number < "2000"));
    assert_eq!(line(&year_end, "Net income, earlier years", "balance"), 0);
}

#[tokio::test]
async fn without_a_filter_the_trial_balance_is_of_today_and_statements_are_of_this_year() {
    let company = company().await;
    let books = Books::read(&company).await;
    let rows = company.all("trialBalances").await;
    for row in rows.iter().filter(|row| row["accountType"] == "Posting") {
        let number = text(row, "number");
        assert_eq!(row["dateFilter"], "2026-06-15");
        let moved = shown_units(&row["totalDebit"]) - shown_units(&row["totalCredit"]);
        assert_eq!(moved, change(&books, "2026-06-15", "2026-06-15", |account| account == number), "{row}");
    }
    let income = company.all("incomeStatements").await;
    assert_eq!(line(&income, "Net Income", "netChange"), -change(&books, "2026-01-01", "2026-06-15", is_result));
    let one = company.get(&format!("incomeStatements({})", text(&income[3], "id"))).await;
    assert_eq!((one.status, &one.body["display"]), (200, &income[3]["display"]), "{}", one.body);
    let account = company.first("accounts?$filter=number eq '1500'").await;
    let row = company.get(&format!("trialBalances({})", text(&account, "id"))).await;
    assert_eq!(shown_units(&row.body["balanceAtDateDebit"]), units(&account["netChange"]), "{}", row.body);
}

#[tokio::test]
async fn ages_count_from_the_date_and_by_the_length_that_is_asked_for() {
    let company = company().await;
    let later = company.all("agedAccountsReceivables?$filter=agedAsOfDate eq 2027-06-15").await;
    assert!(later.iter().all(|row| units(&row["currentAmount"]) == 0), "a year on, all is overdue: {later:?}");
    let total = later.iter().find(|row| row["name"] == "Total").unwrap();
    assert_eq!(total["period3Amount"], total["balanceDue"]);
    for length in ["", "nonsense", "0D"] {
        let refused = company.get(&format!("agedAccountsPayables?$filter=periodLengthFilter eq '{length}'")).await;
        assert_eq!((refused.status, refused.code()), (400, "Application_FilterErrorException"), "{length}: {}", refused.body);
    }
    let customer = company.first("customers?$filter=number eq '13000'&$expand=agedAccountsReceivable").await;
    assert_eq!(customer["agedAccountsReceivable"]["balanceDue"], customer["balanceDue"]);
}

#[tokio::test]
async fn reports_take_the_options_of_any_list() {
    let company = company().await;
    assert_eq!(company.get("trialBalances/$count").await.body, company.get("accounts/$count").await.body);
    let some = company.get("incomeStatements?$filter=lineType eq 'total'&$select=display,netChange&$top=2&$count=true").await;
    assert_eq!((some.rows().len(), some.body["@odata.count"].as_i64()), (2, Some(5)), "{}", some.body);
    let big = company.all("customerSales?$filter=totalSalesAmount gt 0 and dateFilter_FilterOnly ge 2026-01-01&$select=name,totalSalesAmount").await;
    assert!(!big.is_empty() && big.iter().all(|row| units(&row["totalSalesAmount"]) > 0), "{big:?}");
    for set in ["trialBalances", "balanceSheets", "customerSales"] {
        assert_eq!(company.post(set, json!({})).await.status, 405, "{set}");
    }
}
