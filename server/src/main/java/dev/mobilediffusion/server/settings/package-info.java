/**
 * Every setting of the server, declared once: key, kind, default, bounds and meaning. Flags, variables, the configuration
 * file, the help and the documents' table follow from it, and are read here. A leaf: uses the runtime's contract for the
 * words that it names.
 */
package dev.mobilediffusion.server.settings;
