//! What is booked at the end of each month: salaries with what is withheld from them, and depreciation.

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::books::ledger::{Journal, account};
use crate::data::session::Session;
use crate::error::Answer;
use crate::seed::clock;

/// Salaries of a month, the tax withheld from them, and the employer's contributions.
const SALARIES: (i64, i64, i64) = (62_000, 18_600, 8_742);
/// Depreciation of the furniture in a month.
const DEPRECIATION: i64 = 2_500;

const SALARY: &str = "5000";
const CONTRIBUTIONS: &str = "5400";
const WITHHELD: &str = "2600";
const CONTRIBUTIONS_OWED: &str = "2770";
const DEPRECIATED: &str = "6000";
const FURNITURE: &str = "1250";

/// The last days of the months from the start up to, and without, the end.
pub(crate) fn days(start: Date, end: Date) -> Vec<Date> {
    let mut days = Vec::new();
    let mut day = start.last_of_month();
    while day < end {
        days.push(day);
        let Some(next) = day.checked_add(1.day()).ok().map(Date::last_of_month) else { break };
        day = next;
    }
    days
}

/// Books a month's end; what was withheld in the month before is paid with it.
pub(crate) fn book(session: &Session, date: Date, first: Date) -> Answer<()> {
    clock(session, date, 15 * 60);
    let (salaries, withheld, contributions) = (Decimal::from(SALARIES.0), Decimal::from(SALARIES.1), Decimal::from(SALARIES.2));
    let mut journal = Journal::new(date, &session.next_number("GENJNL")?, " ", format!("Salaries, {}", date.strftime("%B %Y")));
    journal.add(SALARY, salaries);
    journal.add(CONTRIBUTIONS, contributions);
    journal.add(WITHHELD, -withheld);
    journal.add(CONTRIBUTIONS_OWED, -contributions);
    journal.add(account::BANK, withheld - salaries);
    journal.post(session)?;
    if date != first {
        let mut journal = Journal::new(date, &session.next_number("GENJNL")?, " ", "Withheld tax and contributions of last month".to_owned());
        journal.add(WITHHELD, withheld);
        journal.add(CONTRIBUTIONS_OWED, contributions);
        journal.add(account::BANK, -withheld - contributions);
        journal.post(session)?;
    }
    let mut journal = Journal::new(date, &session.next_number("GENJNL")?, " ", format!("Depreciation, {}", date.strftime("%B %Y")));
    journal.add(DEPRECIATED, Decimal::from(DEPRECIATION));
    journal.add(FURNITURE, Decimal::from(-DEPRECIATION));
    journal.post(session)
}
