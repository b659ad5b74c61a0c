//! What an integrator does with the client of progenitor: only what the contract knows compiles.

mod openprm {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

use openprm::{ByteStream, Client, Error, types::NewDeal};

/// Registers a deal and says which number people call it by.
///
/// # Errors
/// What the server or the way to it refuses.
pub async fn register(client: &Client, deal: &NewDeal) -> Result<String, Error<ByteStream>> {
    let made = client.create_deal(None, deal).await?;
    Ok(made.number.to_string())
}
