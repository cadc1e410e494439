//! `$metadata` and the service document.

use std::collections::BTreeMap;

use crate::data::facts::{Api, EntitySet, Facts, Kind};
use crate::data::value::encode_member;

/// The CSDL of an API's sets.
pub(crate) fn csdl(facts: &Facts, api: Api) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\
         <edmx:DataServices><Schema Namespace=\"Microsoft.NAV\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">",
    );
    let mut enumerations: BTreeMap<&str, &[String]> = BTreeMap::new();
    // The companies are at the root of each API.
    let sets: Vec<&EntitySet> = facts.sets.iter().filter(|set| set.api == api || set.name == "companies").collect();
    for set in &sets {
        entity_type(&sets, set, &mut out);
        for property in &set.properties {
            if let (Kind::Member(members), Some(name)) = (&property.kind, &property.enum_type) {
                enumerations.entry(name.trim_start_matches("Microsoft.NAV.")).or_insert(members);
            }
        }
    }
    for (name, members) in enumerations {
        out.push_str(&format!("<EnumType Name=\"{name}\">"));
        for (value, member) in members.iter().enumerate() {
            out.push_str(&format!("<Member Name=\"{}\" Value=\"{value}\"/>", encode_member(member)));
        }
        out.push_str("</EnumType>");
    }
    for set in &sets {
        for action in &set.actions {
            out.push_str(&format!(
                "<Action Name=\"{action}\" IsBound=\"true\"><Parameter Name=\"bindingParameter\" Type=\"Microsoft.NAV.{}\"/></Action>",
                set.entity
            ));
        }
    }
    container(&sets, &mut out);
    out.push_str("</Schema></edmx:DataServices></edmx:Edmx>");
    out
}

fn target<'s>(sets: &[&'s EntitySet], name: &str) -> Option<&'s EntitySet> {
    sets.iter().find(|set| set.name == name).copied()
}

fn entity_type(sets: &[&EntitySet], set: &EntitySet, out: &mut String) {
    out.push_str(&format!("<EntityType Name=\"{}\">", set.entity));
    if set.property(&set.key).is_some() {
        out.push_str(&format!("<Key><PropertyRef Name=\"{}\"/></Key>", set.key));
    }
    for property in &set.properties {
        let kind = match (&property.kind, &property.enum_type) {
            (Kind::Member(_), Some(name)) => name.as_str(),
            (kind, _) => kind.edm(),
        };
        let nullable = if property.name == set.key { " Nullable=\"false\"" } else { "" };
        let length = property.max_length.map(|length| format!(" MaxLength=\"{length}\"")).unwrap_or_default();
        let scale = if property.kind == Kind::Decimal { " Scale=\"Variable\"" } else { "" };
        out.push_str(&format!("<Property Name=\"{}\" Type=\"{kind}\"{nullable}{length}{scale}/>", property.name));
    }
    for navigation in &set.navigation {
        let Some(target) = target(sets, &navigation.target_set) else { continue };
        let kind = if navigation.many { format!("Collection(Microsoft.NAV.{})", target.entity) } else { format!("Microsoft.NAV.{}", target.entity) };
        out.push_str(&format!("<NavigationProperty Name=\"{}\" Type=\"{kind}\" ContainsTarget=\"true\">", navigation.name));
        if let Some(via) = &navigation.via {
            out.push_str(&format!("<ReferentialConstraint Property=\"{via}\" ReferencedProperty=\"{}\"/>", target.key));
        }
        out.push_str("</NavigationProperty>");
    }
    out.push_str("</EntityType>");
}

fn container(sets: &[&EntitySet], out: &mut String) {
    out.push_str("<EntityContainer Name=\"default\">");
    for set in sets {
        out.push_str(&format!("<EntitySet Name=\"{}\" EntityType=\"Microsoft.NAV.{}\">", set.name, set.entity));
        for navigation in &set.navigation {
            if target(sets, &navigation.target_set).is_some() {
                out.push_str(&format!("<NavigationPropertyBinding Path=\"{}\" Target=\"{}\"/>", navigation.name, navigation.target_set));
            }
        }
        out.push_str("</EntitySet>");
    }
    out.push_str("</EntityContainer>");
}

/// The list of entity sets that a GET of the root answers.
pub(crate) fn service_document(facts: &Facts, api: Api, root: &str) -> String {
    let sets: Vec<String> = facts.of(api).map(|set| format!("{{\"name\":\"{0}\",\"kind\":\"EntitySet\",\"url\":\"{0}\"}}", set.name)).collect();
    format!("{{\"@odata.context\":\"{root}/$metadata\",\"value\":[{}]}}", sets.join(","))
}

/// The APIs of the environment: publisher, group and version (docs/business-central.md, section 1).
pub(crate) fn routes(facts: &Facts, root: &str) -> String {
    let row = |(publisher, group, version): (&str, &str, &str)| {
        let parts: Vec<&str> = [publisher, group, version].into_iter().filter(|part| !part.is_empty()).collect();
        serde_json::json!({"route": parts.join("/"), "publisher": publisher, "group": group, "version": version})
    };
    let custom = facts.of(Api::Loyalty).next().map(|_| ("contoso", "loyalty", "v1.0"));
    let rows: Vec<serde_json::Value> = std::iter::once(("", "", "v2.0")).chain(custom).map(row).collect();
    serde_json::json!({"@odata.context": format!("{root}/$metadata#apicategoryroutes"), "value": rows}).to_string()
}
