//! Customers and vendors: firms of our own invention.

use rust_decimal::Decimal;

use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::Answer;
use crate::seed::{create, id_of};

/// A firm: number, name, street, postal code, city, country, payment terms, salesperson, currency ("" is the local one).
struct Firm(&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const CUSTOMERS: [Firm; 12] = [
    Firm("10000", "Fjordlys AS", "Strandkaien 22", "5013", "Bergen", "NO", "14 DAYS", "AH", ""),
    Firm("11000", "Havnegata Kafé AS", "Havnegata 5", "0150", "Oslo", "NO", "14 DAYS", "EB", ""),
    Firm("12000", "Trøndertre Bygg AS", "Ladeveien 11", "7041", "Trondheim", "NO", "30 DAYS", "MV", ""),
    Firm("13000", "Solvang Hotell AS", "Torget 3", "4006", "Stavanger", "NO", "30 DAYS", "AH", ""),
    Firm("14000", "Polarlys Barnehage SA", "Storgata 90", "9008", "Tromsø", "NO", "14 DAYS", "MV", ""),
    Firm("15000", "Bryggekanten Bokhandel AS", "Øvregaten 17", "5003", "Bergen", "NO", "CM", "AH", ""),
    Firm("16000", "Lofothavn Sjømat AS", "Fiskergata 2", "8300", "Svolvær", "NO", "30 DAYS", "MV", ""),
    Firm("17000", "Dalen Regnskap AS", "Bragernes torg 6", "3017", "Drammen", "NO", "10 DAYS", "EB", ""),
    Firm("18000", "Elvebredden Arkitekter AS", "Gamlebyen 9", "1632", "Fredrikstad", "NO", "30 DAYS", "IN", ""),
    Firm("19000", "Gamle Kvern Bakeri AS", "Kvernveien 1", "4611", "Kristiansand", "NO", "7 DAYS", "IN", ""),
    Firm("20000", "Storsjö Inredning AB", "Strandgatan 12", "831 31", "Östersund", "SE", "30 DAYS", "EB", ""),
    Firm("21000", "Østjysk Kontor ApS", "Havneallé 4", "8000", "Aarhus", "DK", "1M(8D)", "IN", "EUR"),
];

const VENDORS: [Firm; 8] = [
    Firm("40000", "Skogland Møbelfabrikk AS", "Fabrikkveien 2", "6230", "Sykkylven", "NO", "30 DAYS", "", ""),
    Firm("41000", "Nordre Lys og Lampe AS", "Verkstedgata 8", "2815", "Gjøvik", "NO", "30 DAYS", "", ""),
    Firm("42000", "Vestkyst Papir AS", "Lagerveien 15", "5132", "Nyborg", "NO", "14 DAYS", "", ""),
    Firm("43000", "Småland Stolverk AB", "Industrigatan 4", "331 41", "Värnamo", "SE", "30 DAYS", "", ""),
    Firm("44000", "Kystfrakt AS", "Terminalen 1", "5010", "Bergen", "NO", "14 DAYS", "", ""),
    Firm("45000", "Kaigata Eiendom AS", "Kaigata 12", "5003", "Bergen", "NO", "CM", "", ""),
    Firm("46000", "Midtnett Bredbånd AS", "Kongens gate 30", "7012", "Trondheim", "NO", "14 DAYS", "", ""),
    Firm("47000", "Stålreol Norge AS", "Ringveien 77", "2821", "Gjøvik", "NO", "45 DAYS", "", ""),
];

pub(crate) fn all(session: &Session) -> Answer<()> {
    CUSTOMERS.iter().try_for_each(|firm| partner(session, "customers", firm))?;
    VENDORS.iter().try_for_each(|firm| partner(session, "vendors", firm))
}

/// The few partners of the small company.
pub(crate) fn small(session: &Session) -> Answer<()> {
    let customers = [
        Firm("10000", "Mjøsgården AS", "Strandtorget 1", "2609", "Lillehammer", "NO", "14 DAYS", "", ""),
        Firm("11000", "Høyfjell Transport AS", "Europavegen 60", "2640", "Vinstra", "NO", "30 DAYS", "", ""),
    ];
    let vendors = [Firm("40000", "Delelager Innlandet AS", "Vormstuguvegen 20", "2624", "Lillehammer", "NO", "30 DAYS", "", "")];
    customers.iter().try_for_each(|firm| partner(session, "customers", firm))?;
    vendors.iter().try_for_each(|firm| partner(session, "vendors", firm))
}

/// A firm's name as a host name.
fn host(name: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    words.pop();
    let joined = words.concat().to_lowercase();
    joined
        .chars()
        .filter_map(|character| match character {
            'ø' | 'ö' | 'ó' => Some('o'),
            'å' | 'ä' | 'æ' => Some('a'),
            'é' => Some('e'),
            plain if plain.is_ascii_alphanumeric() => Some(plain),
            _ => None,
        })
        .collect()
}

fn partner(session: &Session, set: &str, firm: &Firm) -> Answer<()> {
    let Firm(number, name, street, postal, city, country, terms, person, currency) = firm;
    let terms = id_of(session, "paymentTerms", "code", terms)?;
    let method = id_of(session, "paymentMethods", "code", "BANK")?;
    let email = format!("post@{}.example", host(name));
    let website = format!("https://{}.example", host(name));
    let phone = format!("+47 22 {} {} {}1", &number[0..2], &number[2..4], &number[4..5]);
    let registration = format!("{country} 9{}{}", &number[0..4], &number[1..5]);
    let mut fields = vec![
        ("number", *number),
        ("displayName", *name),
        ("addressLine1", *street),
        ("postalCode", *postal),
        ("city", *city),
        ("country", *country),
        ("phoneNumber", &phone),
        ("email", &email),
        ("website", &website),
        ("taxRegistrationNumber", &registration),
        ("paymentTermsId", &terms),
        ("paymentMethodId", &method),
        ("taxLiable", if *country == "NO" { "true" } else { "false" }),
    ];
    if !currency.is_empty() {
        fields.push(("currencyCode", currency));
    }
    if !person.is_empty() {
        fields.push(("salespersonCode", person));
    }
    let shipment;
    if set == "customers" {
        shipment = id_of(session, "shipmentMethods", "code", if *country == "NO" { "DELIVERY" } else { "DAP" })?;
        fields.push(("shipmentMethodId", &shipment));
    }
    create(session, set, &fields).map(|_| ())
}

/// After the history: credit limits (one customer is above its own) and the blocked customer.
pub(crate) fn finish(session: &Session) -> Answer<()> {
    for firm in &CUSTOMERS {
        let Some(mut row) = session.find_by("customers", "number", firm.0)? else { continue };
        let limit = credit_limit(&row);
        row.put_decimal("creditLimit", limit)?;
        if firm.0 == "19000" {
            row.put("blocked", "All");
        }
        session.save(&mut row)?;
    }
    Ok(())
}

fn credit_limit(row: &Row) -> Decimal {
    let step = Decimal::from(10_000);
    let balance = row.decimal("balanceDue");
    if row.text("number") == "13000" {
        return ((balance * Decimal::new(8, 1)) / step).floor().max(Decimal::ONE) * step;
    }
    ((balance * Decimal::from(2)) / step).ceil() * step + Decimal::from(100_000)
}
