/**
 * Every setting of the server, declared once: its key, default, bounds and meaning. The variables, the flags' help, {@code
 * serve --settings} and the table in the documents follow from it. A leaf: uses the runtime's contract for the words that
 * it names.
 */
package dev.mobilediffusion.server.settings;
