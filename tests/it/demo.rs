//! The simulated cluster over its sockets.
