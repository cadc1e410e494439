//! A filter as an SQL condition with parameters.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::data::facts::Kind;
use crate::data::value::{Cell, DECIMALS};
use crate::odata::filter::{Compare, Expr, Subject, TextTest};
use crate::odata::literal::Literal;

/// Appends the condition, and its parameters in order.
pub(crate) fn compile(expr: &Expr, sql: &mut String, parameters: &mut Vec<Cell>) {
    match expr {
        Expr::And(terms) => join(terms, " AND ", sql, parameters),
        Expr::Or(terms) => join(terms, " OR ", sql, parameters),
        Expr::Compare(subject, compare, literal) => comparison(subject, *compare, literal, sql, parameters),
        Expr::In(subject, literals) => {
            sql.push('(');
            for (index, literal) in literals.iter().enumerate() {
                if index > 0 {
                    sql.push_str(" OR ");
                }
                comparison(subject, Compare::Eq, literal, sql, parameters);
            }
            sql.push(')');
        }
        Expr::Text(test, subject, text) => text_test(*test, subject, text, sql, parameters),
        Expr::Ignored => sql.push('1'),
    }
}

fn join(terms: &[Expr], word: &str, sql: &mut String, parameters: &mut Vec<Cell>) {
    sql.push('(');
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            sql.push_str(word);
        }
        compile(term, sql, parameters);
    }
    sql.push(')');
}

/// The column, cut and folded as the subject says.
fn subject_sql(subject: &Subject) -> String {
    let mut sql = format!("\"{}\"", subject.property.name);
    if let Some((start, length)) = subject.part {
        sql = match length {
            Some(length) => format!("substr({sql}, {}, {length})", start + 1),
            None => format!("substr({sql}, {})", start + 1),
        };
    }
    if subject.folded { format!("fold({sql})") } else { sql }
}

fn fold(subject: &Subject, text: &str) -> String {
    if subject.folded { text.to_lowercase() } else { text.to_owned() }
}

fn operator(compare: Compare) -> &'static str {
    match compare {
        Compare::Eq => "=",
        Compare::Ne => "<>",
        Compare::Gt => ">",
        Compare::Ge => ">=",
        Compare::Lt => "<",
        Compare::Le => "<=",
    }
}

fn comparison(subject: &Subject, compare: Compare, literal: &Literal, sql: &mut String, parameters: &mut Vec<Cell>) {
    let column = subject_sql(subject);
    let (compare, value) = match literal {
        Literal::Text(text) => (compare, Cell::Text(fold(subject, text))),
        Literal::Flag(flag) => (compare, Cell::from(*flag)),
        Literal::Number(number) => {
            let decimals = if subject.property.kind == Kind::Decimal { DECIMALS } else { 0 };
            match whole(*number, decimals) {
                Bound::Exact(stored) => (compare, Cell::Int(stored)),
                // Between two values that the field can hold: equal to none, and above the lower one.
                Bound::Above(lower) => match compare {
                    Compare::Eq => return sql.push('0'),
                    Compare::Ne => return sql.push('1'),
                    Compare::Gt | Compare::Ge => (Compare::Gt, Cell::Int(lower)),
                    Compare::Lt | Compare::Le => (Compare::Le, Cell::Int(lower)),
                },
            }
        }
    };
    sql.push_str(&format!("{column} {} ?", operator(compare)));
    parameters.push(value);
}

enum Bound {
    Exact(i64),
    /// Greater than this stored value and less than the next.
    Above(i64),
}

/// A number in stored units of the given decimals.
fn whole(number: Decimal, decimals: u32) -> Bound {
    let scaled = Decimal::from(10u64.pow(decimals)).checked_mul(number);
    let Some(scaled) = scaled else {
        return if number.is_sign_negative() { Bound::Above(i64::MIN) } else { Bound::Above(i64::MAX) };
    };
    let floor = scaled.floor();
    match floor.to_i64() {
        Some(stored) if floor == scaled => Bound::Exact(stored),
        Some(stored) => Bound::Above(stored),
        None if number.is_sign_negative() => Bound::Above(i64::MIN),
        None => Bound::Above(i64::MAX),
    }
}

fn text_test(test: TextTest, subject: &Subject, text: &str, sql: &mut String, parameters: &mut Vec<Cell>) {
    let column = subject_sql(subject);
    let text = fold(subject, text);
    let length = text.chars().count();
    match test {
        TextTest::Contains => sql.push_str(&format!("instr({column}, ?) > 0")),
        TextTest::StartsWith => sql.push_str(&format!("substr({column}, 1, {length}) = ?")),
        TextTest::EndsWith if length == 0 => sql.push_str("'' = ?"),
        TextTest::EndsWith => sql.push_str(&format!("substr({column}, -{length}) = ?")),
    }
    parameters.push(Cell::Text(text));
}
