package websocket

// Accept is accept, for servers of tests.
var Accept = accept
