package dev.mobilediffusion.server.browser;

import java.io.File;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * A headless Chromium with a profile of its own, as a person uses it. The system properties {@code chromium} and {@code
 * chromedriver} name programs that are not where Debian has them; nothing is ever downloaded.
 */
final class Browser implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ChromeDriver driver;

    private Browser(ChromeDriver driver) {
        this.driver = driver;
    }

    static Browser start() {
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        ChromeOptions options = new ChromeOptions()
                .setBinary(program("chromium").getPath())
                .addArguments(
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--disable-dev-shm-usage",
                        "--hide-scrollbars",
                        "--window-size=1280,900");
        options.setCapability("goog:loggingPrefs", logs);
        ChromeDriverService service = new ChromeDriverService.Builder()
                .usingDriverExecutable(program("chromedriver"))
                .usingAnyFreePort()
                .build();
        return new Browser(new ChromeDriver(service, options));
    }

    void open(String url) {
        driver.get(url);
    }

    void reload() {
        driver.navigate().refresh();
    }

    String address() {
        return driver.getCurrentUrl();
    }

    void click(String css) {
        driver.findElement(By.cssSelector(css)).click();
    }

    /** Replaces what a field holds. */
    void fill(String css, String text) {
        WebElement field = driver.findElement(By.cssSelector(css));
        field.clear();
        field.sendKeys(text);
    }

    void type(String css, String text) {
        driver.findElement(By.cssSelector(css)).sendKeys(text);
    }

    /** To whatever has the focus, as a keyboard does. */
    void press(CharSequence... keys) {
        new Actions(driver).sendKeys(keys).perform();
    }

    void pressBack(Keys key) {
        new Actions(driver).keyDown(Keys.SHIFT).sendKeys(key).keyUp(Keys.SHIFT).perform();
    }

    /** Takes the pointer off whatever it is on. */
    void pointAway() {
        new Actions(driver).moveToLocation(1, 1).perform();
    }

    /** Presses at some pixels from the middle of an element, moves to {@code toX}, and lets go. */
    void drag(String css, int fromX, int fromY, int toX) {
        scrollTo(css);
        WebElement element = driver.findElement(By.cssSelector(css));
        new Actions(driver)
                .moveToElement(element, fromX, fromY)
                .clickAndHold()
                .moveToElement(element, toX, fromY)
                .release()
                .perform();
    }

    String text(String css) {
        return driver.findElement(By.cssSelector(css)).getText();
    }

    String attribute(String css, String name) {
        return driver.findElement(By.cssSelector(css)).getDomAttribute(name);
    }

    boolean shows(String css) {
        return driver.findElements(By.cssSelector(css)).stream().anyMatch(WebElement::isDisplayed);
    }

    int count(String css) {
        return driver.findElements(By.cssSelector(css)).size();
    }

    Object run(String script, Object... arguments) {
        return driver.executeScript(script, arguments);
    }

    Object runAsync(String script, Object... arguments) {
        return driver.executeAsyncScript(script, arguments);
    }

    /** Waits until the text of an element holds {@code text}. */
    void awaitText(String css, String text) {
        await(
                () -> "'" + text + "' in " + css + ", which says '" + text(css) + "'",
                () -> text(css).contains(text));
    }

    void awaitShown(String css) {
        await(() -> css + " to be seen", () -> shows(css));
    }

    void awaitCount(String css, int count) {
        await(() -> count + " of " + css + ", there are " + count(css), () -> count(css) == count);
    }

    /** As a person would who wants to see it: what is far from the screen is not loaded. */
    void scrollTo(String css) {
        run("document.querySelector(arguments[0]).scrollIntoView({ behavior: 'instant' })", css);
    }

    /** Waits until an image has been loaded, and how wide it really is. */
    long awaitImage(String css) {
        String width = "const image = document.querySelector(arguments[0]); return image ? image.naturalWidth : 0";
        await(() -> "a loaded image in " + css, () -> (long) run(width, css) > 0);
        return (long) run(width, css);
    }

    void await(Supplier<String> what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!holds(condition)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("waited %d s for %s; status '%s', alert '%s'"
                        .formatted(PATIENCE.toSeconds(), what.get(), text("#status"), text("#alert")));
            }
            try {
                Thread.sleep(30);
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts a test", e);
            }
        }
    }

    /** A phone's screen; with a mobile viewport, so that a page that is too wide shows it. */
    void asPhone(int width, int height) {
        command(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 2, "mobile", true));
    }

    /** A finger is its pointer from now on. */
    void asTouchScreen() {
        command("Emulation.setTouchEmulationEnabled", Map.of("enabled", true));
    }

    void asDesktop(int width, int height) {
        command(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    }

    /** Such as {@code prefers-color-scheme} and {@code dark}. */
    void prefer(String feature, String value) {
        command("Emulation.setEmulatedMedia", Map.of("features", List.of(Map.of("name", feature, "value", value))));
    }

    byte[] screenshot() {
        return driver.getScreenshotAs(OutputType.BYTES);
    }

    /** Messages of the DevTools protocol since the last call, as JSON. */
    List<String> traffic() {
        return driver.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
                .map(entry -> entry.getMessage())
                .toList();
    }

    /** Errors on the console since the last call; a blocked resource or a failed module is one. */
    List<String> consoleErrors() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter(entry -> entry.getLevel().intValue() >= Level.SEVERE.intValue())
                .map(entry -> entry.getMessage())
                .toList();
    }

    @Override
    public void close() {
        driver.quit();
    }

    private void command(String name, Map<String, Object> parameters) {
        driver.executeCdpCommand(name, parameters);
    }

    private static boolean holds(BooleanSupplier condition) {
        try {
            return condition.getAsBoolean();
        } catch (StaleElementReferenceException replaced) {
            return false;
        }
    }

    private static File program(String name) {
        File file = new File(System.getProperty(name, "/usr/bin/" + name));
        if (!file.canExecute()) {
            throw new IllegalStateException(
                    "the browser tests need %s: apt-get install chromium chromium-driver, or name it by -D%s=PATH"
                            .formatted(file, name));
        }
        return file;
    }
}
