use std::io;

use async_std::{future::timeout, net::TcpStream};
use futures_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    ServeOptions,
    refusal::{self, Refusal},
};
use crate::http::{stream::BoxStream, tls::broken_handshake};

/// The first byte of a client that begins with TLS: the type of a record with a handshake (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

/// How a client began where TLS is spoken.
enum Beginning {
    Tls(Box<TlsStream<TcpStream>>),
    InTheClear,
}

/// What requests come by on `socket`: itself, or TLS over it. None where the client gets no further.
pub(super) async fn open(socket: &TcpStream, options: &ServeOptions) -> Option<BoxStream> {
    let Some(tls) = &options.tls else { return Some(Box::new(socket.clone())) };
    match timeout(options.header_timeout, begin(socket, TlsAcceptor::from(tls.clone()))).await {
        Ok(Ok(Beginning::Tls(stream))) => return Some(stream),
        Ok(Ok(Beginning::InTheClear)) => {
            let answer = Refusal::in_the_clear().to_text(&options.refusal_headers);
            refusal::send(Box::new(socket.clone()), socket, &answer).await;
        }
        Ok(Err(error)) => {
            log::debug!("no TLS with {:?}: {}", socket.peer_addr(), broken_handshake(&error));
            // An alert is on its way, which a reset would overtake.
            refusal::linger(Box::new(socket.clone()), socket).await;
        }
        Err(_) => log::debug!("no TLS with {:?}: the handshake took too long", socket.peer_addr()),
    }
    None
}

async fn begin(socket: &TcpStream, acceptor: TlsAcceptor) -> io::Result<Beginning> {
    let mut first = [0];
    match socket.peek(&mut first).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ if first == [HANDSHAKE] => Ok(Beginning::Tls(Box::new(acceptor.accept(socket.clone()).await?))),
        _ => Ok(Beginning::InTheClear),
    }
}
