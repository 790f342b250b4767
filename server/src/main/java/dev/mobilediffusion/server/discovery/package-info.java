/**
 * How other devices find a server: its addresses, its advertisement by mDNS, and a QR code that opens its page. A leaf: uses
 * JmDNS, ZXing and the JDK, and knows nothing of the server.
 */
package dev.mobilediffusion.server.discovery;
