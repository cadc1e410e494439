//! `entityDefinitions`: what sets, properties and members are called, by language (docs/business-central.md, section 1).

use serde_json::{Value, json};

use crate::data::facts::{Api, EntitySet, Facts, Kind, Property};
use crate::error::{Answer, ApiError};

/// Windows language ids of the captions: English, Danish, German, Norwegian.
const LANGUAGES: [(u32, &str); 4] = [(1033, "en"), (1030, "da"), (1031, "de"), (1044, "nb")];

/// A name of the API and its captions in Danish, German and Norwegian; what is not here has an English caption only.
type Translated = (&'static str, [&'static str; 3]);

const SETS: [Translated; 12] = [
    ("customers", ["Debitorer", "Debitoren", "Kunder"]),
    ("vendors", ["Kreditorer", "Kreditoren", "Leverandører"]),
    ("items", ["Varer", "Artikel", "Varer"]),
    ("contacts", ["Kontakter", "Kontakte", "Kontakter"]),
    ("employees", ["Medarbejdere", "Mitarbeiter", "Ansatte"]),
    ("salesOrders", ["Salgsordrer", "Verkaufsaufträge", "Salgsordrer"]),
    ("salesInvoices", ["Salgsfakturaer", "Verkaufsrechnungen", "Salgsfakturaer"]),
    ("salesQuotes", ["Salgstilbud", "Verkaufsangebote", "Salgstilbud"]),
    ("purchaseOrders", ["Købsordrer", "Bestellungen", "Bestillinger"]),
    ("purchaseInvoices", ["Købsfakturaer", "Einkaufsrechnungen", "Kjøpsfakturaer"]),
    ("accounts", ["Finanskonti", "Sachkonten", "Finanskontoer"]),
    ("loyaltyMembers", ["Loyalitetsmedlemmer", "Treuemitglieder", "Lojalitetsmedlemmer"]),
];

const ENTITIES: [Translated; 12] = [
    ("customer", ["Debitor", "Debitor", "Kunde"]),
    ("vendor", ["Kreditor", "Kreditor", "Leverandør"]),
    ("item", ["Vare", "Artikel", "Vare"]),
    ("contact", ["Kontakt", "Kontakt", "Kontakt"]),
    ("employee", ["Medarbejder", "Mitarbeiter", "Ansatt"]),
    ("salesOrder", ["Salgsordre", "Verkaufsauftrag", "Salgsordre"]),
    ("salesInvoice", ["Salgsfaktura", "Verkaufsrechnung", "Salgsfaktura"]),
    ("salesQuote", ["Salgstilbud", "Verkaufsangebot", "Salgstilbud"]),
    ("purchaseOrder", ["Købsordre", "Bestellung", "Bestilling"]),
    ("purchaseInvoice", ["Købsfaktura", "Einkaufsrechnung", "Kjøpsfaktura"]),
    ("account", ["Finanskonto", "Sachkonto", "Finanskonto"]),
    ("loyaltyMember", ["Loyalitetsmedlem", "Treuemitglied", "Lojalitetsmedlem"]),
];

const PROPERTIES: [Translated; 22] = [
    ("number", ["Nummer", "Nr.", "Nr."]),
    ("displayName", ["Navn", "Name", "Navn"]),
    ("code", ["Kode", "Code", "Kode"]),
    ("description", ["Beskrivelse", "Beschreibung", "Beskrivelse"]),
    ("city", ["By", "Ort", "By"]),
    ("country", ["Land", "Land", "Land"]),
    ("postalCode", ["Postnummer", "PLZ", "Postnummer"]),
    ("addressLine1", ["Adresse", "Adresse", "Adresse"]),
    ("phoneNumber", ["Telefon", "Telefon", "Telefon"]),
    ("email", ["Mail", "E-Mail", "E-post"]),
    ("blocked", ["Spærret", "Gesperrt", "Sperret"]),
    ("quantity", ["Antal", "Menge", "Antall"]),
    ("unitPrice", ["Enhedspris", "VK-Preis", "Enhetspris"]),
    ("unitCost", ["Kostpris", "Einstandspreis", "Enhetskost"]),
    ("dueDate", ["Forfaldsdato", "Fälligkeitsdatum", "Forfallsdato"]),
    ("postingDate", ["Bogføringsdato", "Buchungsdatum", "Bokføringsdato"]),
    ("status", ["Status", "Status", "Status"]),
    ("balanceDue", ["Forfalden saldo", "Fälliger Saldo", "Forfalt saldo"]),
    ("creditLimit", ["Kreditmaksimum", "Kreditlimit", "Kredittgrense"]),
    ("loyaltyTier", ["Loyalitetsniveau", "Treuestufe", "Lojalitetsnivå"]),
    ("points", ["Point", "Punkte", "Poeng"]),
    ("tier", ["Niveau", "Stufe", "Nivå"]),
];

/// The captions of an API's sets; `$filter` may ask for one entity or set by name.
pub(crate) fn definitions(facts: &Facts, api: Api, root: &str, pairs: &[(String, String)], language: Option<&str>) -> Answer<String> {
    let wanted = wanted(pairs)?;
    let rows: Vec<Value> = facts
        .of(api)
        .filter(|set| wanted.as_ref().is_none_or(|(column, name)| if column == "entityName" { set.entity == *name } else { set.name == *name }))
        .map(|set| definition(set, language))
        .collect();
    Ok(json!({"@odata.context": format!("{root}/$metadata#entityDefinitions"), "value": rows}).to_string())
}

/// `entityName eq 'x'` or `entitySetName eq 'x'`.
fn wanted(pairs: &[(String, String)]) -> Answer<Option<(String, String)>> {
    let Some((_, filter)) = pairs.iter().find(|(name, _)| name == "$filter") else { return Ok(None) };
    let wrong = || ApiError::not_implemented("Definitions are filtered by entityName eq '...' or entitySetName eq '...' only.");
    let (column, name) = filter.split_once(" eq ").ok_or_else(wrong)?;
    let name = name.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).ok_or_else(wrong)?;
    let column = column.trim();
    if !["entityName", "entitySetName"].contains(&column) {
        return Err(wrong());
    }
    Ok(Some((column.to_owned(), name.to_owned())))
}

fn definition(set: &EntitySet, language: Option<&str>) -> Value {
    let (plural, singular) = (&set.captions.0, &set.captions.1);
    let properties: Vec<Value> = set.properties.iter().map(|property| named(&property.name, &words(&property.name), &PROPERTIES, language)).collect();
    let actions: Vec<Value> = set.actions.iter().map(|action| named(action, &words(action), &[], language)).collect();
    let members: Vec<Value> = set.properties.iter().filter_map(|property| members(property, language)).collect();
    json!({
        "entityName": set.entity,
        "entitySetName": set.name,
        "entityCaptions": captions(&set.entity, &sentence(singular), &ENTITIES, language),
        "entitySetCaptions": captions(&set.name, plural, &SETS, language),
        "properties": properties,
        "actions": actions,
        "enumMembers": members,
    })
}

fn members(property: &Property, language: Option<&str>) -> Option<Value> {
    let Kind::Member(members) = &property.kind else { return None };
    let members: Vec<Value> =
        members.iter().map(|member| json!({"name": crate::data::value::encode_member(member), "captions": captions(member, member, &[], language)})).collect();
    Some(json!({"name": property.enum_type.as_deref().unwrap_or(&property.name), "members": members}))
}

fn named(name: &str, english: &str, table: &[Translated], language: Option<&str>) -> Value {
    json!({"name": name, "captions": captions(name, english, table, language)})
}

/// One caption for each language that has one; the language of the request comes first.
fn captions(name: &str, english: &str, table: &[Translated], language: Option<&str>) -> Vec<Value> {
    let translated = table.iter().find(|(key, _)| *key == name).map(|(_, captions)| captions);
    let texts = std::iter::once(Some(english)).chain((0..3).map(|index| translated.and_then(|captions| captions.get(index).copied())));
    let mut out: Vec<(bool, Value)> = LANGUAGES
        .iter()
        .zip(texts)
        .filter_map(|((code, tag), caption)| {
            let asked = language.is_some_and(|language| language.to_ascii_lowercase().starts_with(tag));
            caption.map(|caption| (!asked, json!({"languageCode": code, "caption": caption})))
        })
        .collect();
    out.sort_by_key(|(later, _)| *later);
    out.into_iter().map(|(_, caption)| caption).collect()
}

/// `customerNumber` reads "Customer number".
fn words(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !out.is_empty() {
            out.push(' ');
            out.extend(character.to_lowercase());
        } else {
            out.push(character);
        }
    }
    sentence(&out)
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().collect::<String>() + characters.as_str()).unwrap_or_default()
}
