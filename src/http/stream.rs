use futures_util::{AsyncRead, AsyncWrite};

/// What a request travels on, in the clear or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

pub(super) type BoxStream = Box<dyn Stream>;
