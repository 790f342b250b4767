/**
 * Rules about the sources themselves: how they are laid out on the page, how long they are, and who may depend on whom.
 * Uses the formatter and the JDK; no other module may use it.
 */
package dev.mobilediffusion.checks;
