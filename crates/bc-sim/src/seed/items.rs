//! What the company sells: names of our own, a margin near a third.

use rust_decimal::Decimal;

use crate::books::{ledger, stock};
use crate::data::session::Session;
use crate::data::value::Cell;
use crate::error::Answer;
use crate::seed::create;

/// Number, name, category, unit, price, cost, tax group, opening stock.
struct Article(&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str, i64);

const ARTICLES: [Article; 24] = [
    Article("1000", "FJELL Desk 160, oak", "DESK", "PCS", "4990", "3290", "STANDARD", 120),
    Article("1010", "FJELL Desk 180, oak", "DESK", "PCS", "5490", "3650", "STANDARD", 90),
    Article("1020", "VIDDE Standing Desk, white", "DESK", "PCS", "7890", "5260", "STANDARD", 110),
    Article("1030", "VIDDE Standing Desk, black", "DESK", "PCS", "7890", "5260", "STANDARD", 100),
    Article("1100", "BRE Office Chair, grey", "CHAIR", "PCS", "2990", "1940", "STANDARD", 180),
    Article("1110", "BRE Office Chair, blue", "CHAIR", "PCS", "2990", "1940", "STANDARD", 150),
    Article("1120", "SKAR Guest Chair, black", "CHAIR", "PCS", "1290", "820", "STANDARD", 240),
    Article("1130", "SKAR Guest Chair, green", "CHAIR", "PCS", "1290", "820", "STANDARD", 160),
    Article("1140", "TIND Executive Chair, leather", "CHAIR", "PCS", "6490", "4180", "STANDARD", 60),
    Article("1200", "VARDE Conference Table, 8 seats", "TABLE", "PCS", "9900", "6480", "STANDARD", 40),
    Article("1210", "VARDE Side Table", "TABLE", "PCS", "1690", "1080", "STANDARD", 120),
    Article("1220", "NES Canteen Table", "TABLE", "PCS", "3490", "2270", "STANDARD", 70),
    Article("1300", "GLIMT Desk Lamp", "LIGHTING", "PCS", "690", "410", "STANDARD", 300),
    Article("1310", "GLIMT Floor Lamp", "LIGHTING", "PCS", "1490", "930", "STANDARD", 140),
    Article("1320", "NORDSKINN Pendant, brass", "LIGHTING", "PCS", "2190", "1390", "STANDARD", 80),
    Article("1400", "STABBUR Bookcase, birch", "STORAGE", "PCS", "2490", "1590", "STANDARD", 110),
    Article("1410", "STABBUR Filing Cabinet", "STORAGE", "PCS", "3290", "2120", "STANDARD", 90),
    Article("1420", "NAUST Locker, 4 doors", "STORAGE", "PCS", "4190", "2740", "STANDARD", 50),
    Article("1500", "Copy Paper A4, box of 5", "SUPPLIES", "BOX", "289", "178", "STANDARD", 800),
    Article("1510", "Whiteboard Markers, pack of 8", "SUPPLIES", "PACK", "149", "79", "STANDARD", 600),
    Article("1520", "Wall Planner", "SUPPLIES", "PCS", "199", "96", "STANDARD", 250),
    Article("1530", "Coffee, ground, 12 bags", "SUPPLIES", "BOX", "749", "498", "REDUCED", 300),
    Article("1900", "Assembly on site", "SERVICE", "HOUR", "890", "520", "STANDARD", 0),
    Article("1910", "Office Planning", "SERVICE", "HOUR", "1290", "700", "STANDARD", 0),
];

pub(crate) fn all(session: &Session) -> Answer<()> {
    ARTICLES.iter().try_for_each(|article| create_article(session, article))
}

/// The few items of the small company.
pub(crate) fn small(session: &Session) -> Answer<()> {
    let articles = [
        Article("1000", "Oil Filter", "SUPPLIES", "PCS", "249", "140", "STANDARD", 0),
        Article("1010", "Brake Pads, set", "SUPPLIES", "SET", "890", "560", "STANDARD", 0),
        Article("1900", "Workshop Hour", "SERVICE", "HOUR", "1190", "640", "STANDARD", 0),
    ];
    articles.iter().try_for_each(|article| create_article(session, article))
}

fn create_article(session: &Session, article: &Article) -> Answer<()> {
    let Article(number, name, category, unit, price, cost, tax, _) = article;
    let service = *category == "SERVICE";
    let (kind, product, stock) = if service { ("Service", "SERVICES", "") } else { ("Inventory", "RETAIL", "RESALE") };
    create(
        session,
        "items",
        &[
            ("number", number),
            ("displayName", name),
            ("type", kind),
            ("itemCategoryCode", category),
            ("baseUnitOfMeasureCode", unit),
            ("unitPrice", price),
            ("unitCost", cost),
            ("taxGroupCode", tax),
            ("generalProductPostingGroupCode", product),
            ("inventoryPostingGroupCode", stock),
        ],
    )
    .map(|_| ())
}

/// What lay in the warehouse before the history begins.
pub(crate) fn open_stock(session: &Session, date: jiff::civil::Date, scale: u32) -> Answer<()> {
    for Article(number, .., opening) in &ARTICLES {
        let Some(item) = session.find_by("items", "number", number)? else { continue };
        let quantity = Decimal::from(*opening) * Decimal::from(scale);
        if item.cell("type") == Some(&Cell::from("Inventory")) && !quantity.is_zero() {
            stock::adjust(session, &item, quantity, date, ledger::account::RETAINED_EARNINGS)?;
        }
    }
    Ok(())
}
