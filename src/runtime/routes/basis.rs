//! On what a route's evidence rests, as far as its configuration says: where both sides are, how they are asked, what
//! feeds the legacy one, by which rules they are compared.
//!
//! Invariant: whatever changes what either side may answer, or what a difference is, changes the basis, and nothing else
//! does. `plan` and the running gateway go by the same one.
//! Not here: the build, which modern tells itself.

use super::{Route, Target};
use banyan_migration::compare::Rules;
use banyan_migration::distinct::print;
use banyan_migration::gate::Basis;
use banyan_migration::path::Pattern;
use banyan_migration::stage::Side;
use banyan_model::model::{Catalog, Entity, Mapping, Owner};
use std::collections::BTreeSet;

/// By which rules the two sides of a route are compared.
pub fn rules(route: &Route, catalog: &Catalog) -> Rules {
    let mut rules = route.config.compare.rules();
    if let Some(entity) = route.entity.and_then(|e| catalog.entities.get(e)) {
        rules.personal.extend(entity.fields.iter().filter(|f| f.personal).flat_map(|f| places(&f.name)));
        // Each side continues its lists in its own way; that there is a next page, or none, is compared.
        rules.opaque.extend("/next".parse());
    }
    rules
}

/// Where a field stands: in one instance, and in a list of them.
pub fn places(field: &str) -> Vec<Pattern> {
    let name = field.replace('~', "~0").replace('/', "~1");
    [format!("/{name}"), format!("/items/*/{name}")].iter().filter_map(|p| p.parse().ok()).collect()
}

/// On what its evidence rests now; the build is empty here.
pub fn basis(route: &Route, catalog: &Catalog) -> Basis {
    let entity = route.entity.and_then(|e| catalog.entities.get(e));
    let (mapping, adapter) = entity.map(|entity| fed(route, entity, catalog)).unwrap_or_default();
    Basis {
        rules: rules(route, catalog).hash(),
        sides: short(&sides(route)),
        mapping: short(&mapping),
        adapter,
        build: String::new(),
    }
}

fn sides(route: &Route) -> String {
    let config = &route.config;
    let side = |side: Side| route.side(side).map(|target: &Target| target.upstream.place());
    let ids = config.ids.as_ref().map(|ids| (&ids.space, &ids.at));
    let paths = (&config.legacy_path, &config.modern_path);
    format!("{:?} {:?} {paths:?} {ids:?} {:?}", side(Side::Legacy), side(Side::Modern), config.compare.build)
}

/// The mappings that feed an entity and who rules its fields; and the adapters that bring the records.
fn fed(route: &Route, entity: &Entity, catalog: &Catalog) -> (String, String) {
    let fed: Vec<&Mapping> = catalog.mappings.iter().filter(|m| Some(m.entity) == route.entity).collect();
    let mappings: Vec<String> = fed.iter().map(|m| format!("{} {:x}", m.name, m.hash)).collect();
    let owners = entity.fields.iter().map(|f| format!("{} {}", f.name, owner(&f.owner, catalog)));
    let owners: Vec<String> = owners.collect();
    let text = format!("{}\n{}\n{:?}", mappings.join("\n"), owners.join("\n"), entity.match_rules);
    let source = |m: &&Mapping| catalog.sources.get(catalog.datasets.get(m.dataset)?.source);
    let adapters: BTreeSet<&str> = fed.iter().filter_map(source).map(|s| s.adapter.as_str()).collect();
    let adapters: Vec<&str> = adapters.into_iter().collect();
    (text, format!("{} {}", adapters.join(","), env!("CARGO_PKG_VERSION")))
}

/// By name: numbers change with what else there is.
fn owner(owner: &Owner, catalog: &Catalog) -> String {
    let names = |all: &[usize]| {
        let names: Vec<&str> = all.iter().filter_map(|m| catalog.mappings.get(*m)).map(|m| m.name.as_str()).collect();
        names.join(",")
    };
    match owner {
        Owner::First(all) => {
            let all: Vec<String> = all.iter().map(|(named, mappings)| format!("{named}:{}", names(mappings))).collect();
            format!("first {}", all.join(" "))
        }
        Owner::Latest(all) => format!("latest {}", names(all)),
        Owner::Review(all) => format!("review {}", names(all)),
    }
}

fn short(text: &str) -> String {
    print(text, "", "basis").iter().take(8).map(|b| format!("{b:02x}")).collect()
}
