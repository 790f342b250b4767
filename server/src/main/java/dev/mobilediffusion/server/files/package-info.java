/** Files that belong to one user alone. A leaf: uses the JDK only. */
package dev.mobilediffusion.server.files;
