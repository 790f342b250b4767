/**
 * One request for images, as every API asks for it: its fields, defaults and bounds, and how the images are handed over.
 * Uses the runtime's contract and the error table; knows no API, no queue and no store.
 */
package dev.mobilediffusion.server.generation;
