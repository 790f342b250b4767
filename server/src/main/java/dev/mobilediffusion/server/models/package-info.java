/**
 * The models that requests may name: which are on disk, which are loaded, and how much memory they may take. Uses the
 * runtime and the error table; knows neither jobs nor APIs.
 */
package dev.mobilediffusion.server.models;
