#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;

/// A document with all that the reader understands, and some that it must pass over.
pub(crate) const LOYALTY: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
 <!-- a remark --><EntityType Name="loyaltyCard"><Key><PropertyRef Name="id"/></Key>
  <Property Name="id" Type="Edm.Guid" Nullable="false"/>
  <Property Name="number" Type="Edm.String" MaxLength="20"/>
  <Property Name="points" Type="Edm.Int32"><Annotation Term="Org.OData.Core.V1.Computed"/></Property>
  <Property Name="level" Type="Microsoft.NAV.loyaltyLevel"/>
  <Property Name="customerId" Type="Edm.Guid"/>
  <Property Name="photo" Type="Edm.Stream"/>
  <Property Name="odd" Type="Collection(Edm.String)"/>
  <Property Name="lastModifiedDateTime" Type="Edm.DateTimeOffset" Precision="0"/>
  <NavigationProperty Name="loyaltyEntries" Type="Collection(Microsoft.NAV.loyaltyEntry)" ContainsTarget="true"/>
  <NavigationProperty Name="owner" Type="Microsoft.NAV.loyaltyOwner"><ReferentialConstraint Property="customerId" ReferencedProperty="id"/></NavigationProperty>
 </EntityType>
 <EntityType Name="loyaltyEntry"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/><Property Name="amount" Type="Edm.Decimal"/></EntityType>
 <EntityType Name="loyaltyOwner"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/><Property Name="name" Type="Edm.String"/></EntityType>
 <EntityType Name="loyaltySale"><Property Name="customerNumber" Type="Edm.String"/><Property Name="total" Type="Edm.Decimal"/></EntityType>
 <EnumType Name="loyaltyLevel"><Member Name="_x0020_" Value="0"/><Member Name="Very_x0020_Good" Value="1"/></EnumType>
 <ComplexType Name="unknown"><Property Name="x" Type="Edm.String"/></ComplexType>
 <Action Name="redeem" IsBound="true"><Parameter Name="bindingParameter" Type="Microsoft.NAV.loyaltyCard"/><Parameter Name="points" Type="Edm.Int32"/></Action>
 <Action Name="unbound"/>
 <EntityContainer Name="default">
  <EntitySet Name="loyaltyCards" EntityType="Microsoft.NAV.loyaltyCard"><NavigationPropertyBinding Path="loyaltyEntries" Target="loyaltyEntries"/>
   <Annotation Term="Org.OData.Capabilities.V1.DeleteRestrictions"><Record><PropertyValue Property="Deletable" Bool="false"/></Record></Annotation>
  </EntitySet>
  <EntitySet Name="loyaltyEntries" EntityType="Microsoft.NAV.loyaltyEntry"/>
  <EntitySet Name="loyaltyOwners" EntityType="Microsoft.NAV.loyaltyOwner"/>
  <EntitySet Name="loyaltySales" EntityType="Microsoft.NAV.loyaltySale"/>
 </EntityContainer>
 <Annotations Target="Microsoft.NAV.default/loyaltyEntries"><Annotation Term="Org.OData.Capabilities.V1.InsertRestrictions"><Record><PropertyValue Property="Insertable" Bool="false"/></Record></Annotation></Annotations>
 <Annotations Target="Microsoft.NAV.loyaltyEntry/amount"><Annotation Term="Org.OData.Core.V1.Permissions" EnumMember="Org.OData.Core.V1.Permission/Read"/></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>"#;

#[test]
fn a_document_is_read_whole() {
    let edmx = Edmx::parse(LOYALTY).unwrap();
    let card = &edmx.types[0];
    assert_eq!((card.name.as_str(), card.key.as_slice(), card.properties.len()), ("loyaltyCard", ["id".to_owned()].as_slice(), 8));
    assert_eq!(card.properties[1], EdmProperty { name: "number".into(), type_name: "Edm.String".into(), max_length: Some(20), read_only: false });
    assert!(card.properties[2].read_only && !card.properties[3].read_only);
    assert_eq!(card.navigation[0], EdmNavigation { name: "loyaltyEntries".into(), target: "loyaltyEntry".into(), many: true, via: None });
    assert_eq!(card.navigation[1].via.as_deref(), Some("customerId"));
    assert_eq!(edmx.enumerations["loyaltyLevel"], [" ", "Very Good"]);
    assert_eq!(edmx.actions, [BoundAction { name: "redeem".into(), on: "loyaltyCard".into() }]);
    let names: Vec<&str> = edmx.sets.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["loyaltyCards", "loyaltyEntries", "loyaltyOwners", "loyaltySales"]);
    assert_eq!((edmx.sets[0].deletable, edmx.sets[0].insertable, edmx.sets[1].insertable), (Some(false), None, Some(false)));
    assert!(edmx.types[1].properties[1].read_only, "annotated from outside");
    assert_eq!(edmx.target_of(&edmx.sets[0], &card.navigation[1]).unwrap().name, "loyaltyOwners");
}

#[test]
fn what_is_no_metadata_is_refused_with_a_reason() {
    assert_eq!(Edmx::parse(""), Err(EdmxError::Empty));
    assert_eq!(Edmx::parse("{}"), Err(EdmxError::Empty));
    assert_eq!(Edmx::parse("<html><body>Sign in</body></html>"), Err(EdmxError::Empty));
    for broken in ["<a><b></a>", "<a b=c>", "<EntitySet Name=\"a", "<a>&#x0;</a", "<EntitySet Name=\"&lol;\"/>"] {
        assert!(Edmx::parse(broken).is_err(), "{broken}");
    }
    // No entity of a document type is ever expanded.
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x><EntitySet Name="&b;" EntityType="t"/></x>"#;
    assert!(Edmx::parse(bomb).is_err());
    assert_eq!(Edmx::parse(&"<EntitySet Name=\"a\"/>".repeat(MOST + 1)), Err(EdmxError::TooMuch));
}

proptest! {
    #[test]
    fn no_text_upsets_the_reader(text in any::<String>()) {
        let _ = Edmx::parse(&text);
    }

    #[test]
    fn no_damage_upsets_the_reader(from in 0..LOYALTY.len(), length in 0_usize..40, with in "[<>\"/&; a-zA-Z=]{0,8}") {
        let start = (0..=from).rev().find(|at| LOYALTY.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + length).min(LOYALTY.len());
        let _ = Edmx::parse(&format!("{}{with}{}", &LOYALTY[..start], &LOYALTY[end..]));
    }
}
