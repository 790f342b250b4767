/**
 * The Model Context Protocol, by which assistants draw: the official SDK speaks it, and this package carries its messages
 * over our routes. Uses {@code edge}, the queue and {@code upscale}; knows no other API.
 */
package dev.mobilediffusion.server.mcp;
