/**
 * Who may come in: API keys and their file, the limits on tries, the names and origins under which the server may be
 * addressed, and certificates. A leaf: uses the table of errors, and knows neither HTTP nor gRPC.
 */
package dev.mobilediffusion.server.security;
