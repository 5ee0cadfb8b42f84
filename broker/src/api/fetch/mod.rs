//! Fetch: where the records lie, at once or when there are enough of them. Nothing is read here;
//! the regions that are found leave by sendfile.
//!
//! ```text
//! conversation   what is wanted: of the request alone, of a new session, of one that goes on (KIP-227)
//! read           one pass over the partitions, within the limits of the request
//! wait           again when one of them moves, until there is enough or the time is over
//! answer         what is new to the client
//! ```

mod answer;
mod conversation;
mod read;

use wire::messages::fetch_request::FetchRequest;
use wire::messages::fetch_response::FetchResponse;

use crate::context::RequestContext;
use crate::errors::Fault;
use crate::reply::{Reply, WithRegions};
use conversation::Conversation;
use read::Fetch;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: FetchRequest<'_>,
) -> Reply<WithRegions<FetchResponse<'static>>> {
    let conversation = match Conversation::begin(ctx, &request) {
        Ok(conversation) => conversation,
        Err(error) => return Reply::Now(answer::session_error(&Fault::from(error))),
    };
    let fetch = Fetch::new(ctx, &request, conversation);
    let pass = fetch.read();
    if fetch.is_enough(&pass) {
        return Reply::Now(fetch.answer(pass));
    }
    Reply::Later(Box::pin(async move {
        let pass = fetch.wait().await;
        fetch.answer(pass)
    }))
}
