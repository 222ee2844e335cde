use super::*;

fn demand(app_us: f64, store_us: f64) -> Demand {
    Demand {
        design: "session-redis".to_owned(),
        app_us,
        store_us,
        round_trips: if store_us > 0.0 { 1.0 } else { 0.0 },
        generator_us: 9.0,
        upkeep_us: (0.0, 0.0),
        stored_bytes: 300.0,
    }
}

#[test]
fn app_servers_add_up_until_the_one_redis_is_full_and_without_redis_they_go_on() {
    let session = demand(16.0, 6.0);
    let at = |cores: f64| session.bound(cores, 1.0).rps().round();
    assert_eq!([at(1.0), at(2.0), at(3.0), at(300.0)], [62_500.0, 125_000.0, 166_667.0, 166_667.0]);
    assert_eq!(demand(10.0, 0.0).bound(300.0, 1.0).rps(), 30_000_000.0);
}

#[test]
fn a_million_people_need_what_arithmetic_says() {
    let prices = Prices::ours().unwrap();
    // A tenth of them send 120 requests an hour each: 3,333 a second, of 16 µs, on cores that are used to 60 % at most.
    let need = demand(16.0, 6.0).need(1e6, &prices);
    assert_eq!((need.rps.round(), need.cores, need.nodes), (3_333.0, 1.0, 1.0));
    let dollars = 730.0 * (0.04 + 2.0 * 0.25);
    assert!((need.monthly - dollars).abs() < 1e-6, "{need:?}");
    // A thousand times as many: 3.3 million a second. Redis needs 20 s of CPU time per second and stores 559 GiB.
    let world = demand(16.0, 6.0).need(1e9, &prices);
    assert_eq!((world.cores, world.nodes), (89.0, 47.0));
    let stateless = Demand { stored_bytes: 0.0, ..demand(10.0, 0.0) }.need(1e9, &prices);
    assert_eq!((stateless.cores, stateless.nodes), (56.0, 0.0));
    assert!(world.response_us > 500.0 && stateless.response_us < 100.0);
}

#[test]
fn the_prices_that_are_built_in_can_be_read_and_wrong_ones_are_refused_in_a_sentence() {
    let prices = Prices::ours().unwrap();
    assert_eq!((prices.as_of.as_str(), prices.currency.as_str()), ("2026-11", "USD"));
    let ours = include_str!("../../prices.toml");
    let refused = |from: &str, to: &str| Prices::read(&ours.replace(from, to)).unwrap_err().to_string();
    assert!(refused("utilisation = 0.60", "utilisation = 60").contains("are shares"));
    assert!(refused("node_hour = 0.25", "node_hour = -1").contains("above 0"));
    assert!(refused("copies = 2", "replicas = 2").contains("cannot be read"));
}
