//! The exercise's server: in memory, on a free port, until stdin ends.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    kit::workshop::run("hybrid", lab4_exercise::router).await
}
