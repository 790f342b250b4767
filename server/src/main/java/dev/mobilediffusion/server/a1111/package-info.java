/**
 * A1111's {@code /sdapi/v1}, as the clients that people have call it. Uses jobs, errors, what APIs over HTTP share and
 * the runtime's infotext; knows no other API.
 */
package dev.mobilediffusion.server.a1111;
