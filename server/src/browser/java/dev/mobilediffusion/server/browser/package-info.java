/** The web page's tests in a headless Chromium, run by {@code mvn -Pbrowser verify}. Uses Selenium and the fake model. */
package dev.mobilediffusion.server.browser;
