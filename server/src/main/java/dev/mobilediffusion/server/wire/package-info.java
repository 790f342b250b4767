/**
 * What all APIs over HTTP share: reading bodies and JSON, who asks, and waiting for a job while its client is still
 * there. Uses jobs, errors, transport and Helidon; knows no API.
 */
package dev.mobilediffusion.server.wire;
