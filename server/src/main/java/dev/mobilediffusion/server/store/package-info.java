/**
 * Jobs that outlive the process: rows in SQLite and images as files, written so that a power cut loses nothing that was
 * accepted. Uses {@code job} and {@code generation}; the only package that sees SQL.
 */
package dev.mobilediffusion.server.store;
