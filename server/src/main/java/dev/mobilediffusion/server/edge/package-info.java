/**
 * What stands before the APIs over HTTP and what they share: the gate, hosts and origins, times, error bodies, and the
 * reading and writing of requests and replies. Knows no API.
 */
package dev.mobilediffusion.server.edge;
