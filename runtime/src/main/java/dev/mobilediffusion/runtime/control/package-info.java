/**
 * Lets a picture's lines guide what is drawn: control networks, and what makes control images of pictures. May use the
 * UNet's runner, bundles and networks.
 */
package dev.mobilediffusion.runtime.control;
