//! A larger history: as many documents as were asked for, and lists that stay quick. `LEDGER_SCALE` sets the factor (default 4).

use std::time::{Duration, Instant};

use crate::support::{Company, options, start};

/// Filtered lists of twenty, as an agent asks for them.
const LISTS: [&str; 10] = [
    "salesInvoices?$filter=status eq 'Open' and dueDate lt 2026-06-01&$orderby=dueDate&$top=20",
    "salesInvoices?$filter=customerNumber eq '13000'&$orderby=postingDate desc&$top=20",
    "salesInvoices?$filter=totalAmountIncludingTax gt 50000&$orderby=totalAmountIncludingTax desc&$top=20",
    "salesInvoices?$filter=postingDate ge 2026-05-01 and postingDate le 2026-05-31&$top=20&$expand=salesInvoiceLines",
    "salesInvoices?$filter=number eq 'PS-INV103010'&$top=20",
    "purchaseInvoices?$filter=vendorNumber eq '41000' and status eq 'Paid'&$top=20",
    "generalLedgerEntries?$filter=accountNumber eq '1500' and postingDate ge 2026-05-01&$orderby=postingDate&$top=20",
    "generalLedgerEntries?$filter=documentNumber eq 'PS-INV103005'&$top=20",
    "itemLedgerEntries?$filter=itemNumber eq '1100'&$orderby=entryNumber desc&$top=20",
    "customers?$filter=balanceDue gt 0&$orderby=balanceDue desc&$top=20",
];

/// The quickest of eleven requests: what the work takes when nothing else is in its way.
async fn quickest(company: &Company, path: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..11 {
        let begun = Instant::now();
        let reply = company.get(path).await;
        times.push(begun.elapsed());
        assert!(reply.status == 200 && !reply.rows().is_empty(), "{path}: {}", reply.body);
    }
    times.into_iter().min().unwrap()
}

#[tokio::test]
async fn a_larger_history_has_its_documents_and_answers_quickly() {
    let scale: u32 = std::env::var("LEDGER_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let begun = Instant::now();
    let company = start(bca_sim::Options { scale, ..options() }).await;
    eprintln!("scale {scale}: ready in {:?}", begun.elapsed());
    let mut documents = 0;
    for set in ["salesQuotes", "salesOrders", "salesInvoices", "salesCreditMemos", "purchaseOrders", "purchaseInvoices", "purchaseCreditMemos"] {
        documents += company.get(&format!("{set}/$count")).await.body.as_i64().unwrap();
    }
    assert!(documents >= 230 * i64::from(scale), "{documents} documents");
    for path in LISTS {
        let time = quickest(&company, path).await;
        eprintln!("{time:>12?}  {path}");
        // Ten milliseconds are meant; a test's build is slow, and so may be the machine.
        assert!(time < Duration::from_millis(200), "{path}: {time:?}");
    }
    for report in ["trialBalances", "balanceSheets", "incomeStatements", "agedAccountsReceivables", "customerSales", "customerFinancialDetails"] {
        eprintln!("{:>12?}  {report}", quickest(&company, report).await);
    }
}
