package dev.mobilediffusion.server.settings;

import java.util.ListResourceBundle;

/** The flags' help for picocli, by the flags' names. */
public final class SettingTexts extends ListResourceBundle {

    @Override
    protected Object[][] getContents() {
        return Settings.ALL.stream()
                .map(setting -> new Object[] {setting.key(), setting.help()})
                .toArray(Object[][]::new);
    }
}
