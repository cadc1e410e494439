//! Printed documents: a plain PDF of a record and its lines, in the language that the request asks for.

use crate::books::document::{self, Form};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::more::parents;

/// Lines of text on a page.
const LINES: usize = 54;

/// The words on the paper.
struct Words {
    number: &'static str,
    date: &'static str,
    due: &'static str,
    to: &'static str,
    description: &'static str,
    quantity: &'static str,
    amount: &'static str,
    net: &'static str,
    tax: &'static str,
    total: &'static str,
}

const ENGLISH: Words = Words {
    number: "No.",
    date: "Date",
    due: "Due",
    to: "To",
    description: "Description",
    quantity: "Quantity",
    amount: "Amount",
    net: "Total excl. VAT",
    tax: "VAT",
    total: "Total",
};
const DANISH: Words = Words {
    number: "Nr.",
    date: "Dato",
    due: "Forfald",
    to: "Til",
    description: "Beskrivelse",
    quantity: "Antal",
    amount: "Beløb",
    net: "I alt ekskl. moms",
    tax: "Moms",
    total: "I alt",
};
const GERMAN: Words = Words {
    number: "Nr.",
    date: "Datum",
    due: "Fällig",
    to: "An",
    description: "Beschreibung",
    quantity: "Menge",
    amount: "Betrag",
    net: "Gesamt ohne MwSt.",
    tax: "MwSt.",
    total: "Gesamt",
};
const NORWEGIAN: Words = Words {
    number: "Nr.",
    date: "Dato",
    due: "Forfall",
    to: "Til",
    description: "Beskrivelse",
    quantity: "Antall",
    amount: "Beløp",
    net: "Sum uten mva.",
    tax: "Mva.",
    total: "Sum",
};

fn words(language: Option<&str>) -> &'static Words {
    let first = language.unwrap_or_default().split([',', ';', '-']).next().unwrap_or_default().trim().to_ascii_lowercase();
    match first.as_str() {
        "da" => &DANISH,
        "de" => &GERMAN,
        "nb" | "nn" | "no" => &NORWEGIAN,
        _ => &ENGLISH,
    }
}

/// Prints the record that a row of `pdfDocument` stands for.
pub(crate) fn print(session: &Session, row: &Row, language: Option<&str>) -> Answer<Vec<u8>> {
    let words = words(language);
    let id = row.text("parentId");
    let found = match parents::find(session, id, |parent| !parent.file.is_empty())? {
        Some((_, found)) => Some(found),
        None => session.find("customerContacts", id)?,
    };
    let found = found.ok_or_else(|| ApiError::no_resource("pdfDocument"))?;
    let mut text = vec![format!("{} {} {}", row.text("parentType"), words.number, found.text("number")), String::new()];
    if let Some(company) = session.find_by("companyInformation", "country", "NO")? {
        text.push(company.text("displayName").to_owned());
        text.push(format!("{}, {} {}", company.text("addressLine1"), company.text("postalCode"), company.text("city")));
        text.push(String::new());
    }
    match document::form(&found.table.name) {
        Some(form) => document_text(session, form, &found, words, &mut text)?,
        None => {
            for column in ["displayName", "customerName", "vendorName", "description"] {
                if !found.text(column).is_empty() {
                    text.push(found.text(column).to_owned());
                }
            }
        }
    }
    Ok(pdf(&text))
}

fn document_text(session: &Session, form: &'static Form, header: &Row, words: &Words, text: &mut Vec<String>) -> Answer<()> {
    let names = form.side.partner();
    text.push(format!("{}: {} {}", words.to, header.text(names.number), header.text(names.name)));
    text.push(format!("{}: {}   {}: {}", words.date, header.text(form.date), words.due, header.text("dueDate")));
    text.push(String::new());
    text.push(format!("{:<52}{:>12}{:>18}", words.description, words.quantity, words.amount));
    for line in session.all_by(form.lines, "documentId", header.id())? {
        let description: String = line.text("description").chars().take(50).collect();
        text.push(format!("{description:<52}{:>12}{:>18.2}", line.decimal("quantity").normalize().to_string(), line.decimal("amountExcludingTax")));
    }
    text.push(String::new());
    for (word, column) in [(words.net, "totalAmountExcludingTax"), (words.tax, "totalTaxAmount"), (words.total, "totalAmountIncludingTax")] {
        text.push(format!("{word:<52}{:>12}{:>18.2}", header.text("currencyCode"), header.decimal(column)));
    }
    Ok(())
}

/// A PDF 1.4 file of lines of text (ISO 32000-1, sections 7.3 to 7.8), set in Courier so that columns stand.
fn pdf(lines: &[String]) -> Vec<u8> {
    let pages: Vec<&[String]> = lines.chunks(LINES).collect();
    let mut objects: Vec<Vec<u8>> = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        Vec::new(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    let mut kids = Vec::new();
    for page in &pages {
        let content = content(page);
        kids.push(format!("{} 0 R", objects.len() + 1));
        let stream = objects.len() + 2;
        objects.push(
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {stream} 0 R >>").into_bytes(),
        );
        let mut object = format!("<< /Length {} >>\nstream\n", content.len()).into_bytes();
        object.extend_from_slice(&content);
        object.extend_from_slice(b"\nendstream");
        objects.push(object);
    }
    if let Some(tree) = objects.get_mut(1) {
        *tree = format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()).into_bytes();
    }
    assemble(&objects)
}

fn content(lines: &[String]) -> Vec<u8> {
    let mut out = b"BT /F1 9 Tf 50 790 Td 13 TL\n".to_vec();
    for line in lines {
        out.push(b'(');
        for character in line.chars() {
            // WinAnsi is Latin-1 for the letters that names here have; others become a question mark.
            let byte = u8::try_from(u32::from(character)).unwrap_or(b'?');
            if matches!(byte, b'(' | b')' | b'\\') {
                out.push(b'\\');
            }
            out.push(if byte < b' ' { b' ' } else { byte });
        }
        out.extend_from_slice(b") Tj T*\n");
    }
    out.extend_from_slice(b"ET");
    out
}

fn assemble(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for offset in offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    out.extend_from_slice(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).as_bytes());
    out
}
