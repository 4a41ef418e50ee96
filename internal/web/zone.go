package web

import (
	"strings"
	"time"

	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// defaultZone is proposed where no script says which zone the browser is in.
const defaultZone = "America/Toronto"

// zones are those offered by name. Any other that this machine knows may be chosen too: the browser's own
// is added to the list.
var zones = []string{
	"America/St_Johns", "America/Halifax", "America/Toronto", "America/Winnipeg", "America/Regina", "America/Edmonton", "America/Vancouver",
	"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Mexico_City", "America/Martinique", "America/Cayenne", "America/Sao_Paulo",
	"Europe/Paris", "Europe/Brussels", "Europe/Zurich", "Europe/Luxembourg", "Europe/London", "Europe/Dublin", "Europe/Berlin", "Europe/Madrid", "Europe/Lisbon", "Europe/Rome",
	"Africa/Casablanca", "Africa/Tunis", "Africa/Dakar", "Africa/Abidjan", "Africa/Kinshasa", "Indian/Reunion", "Pacific/Tahiti", "Pacific/Noumea", "Asia/Beirut", "Asia/Tokyo", "Australia/Sydney", "UTC",
}

// zoneOptions are the choices of a time zone with the hour that it is there: nobody has to know a name to
// see which is theirs.
func zoneOptions(l locale.Locale, chosen string, now time.Time) []view.Option {
	var all []view.Option
	found := false
	for _, name := range zones {
		if o, ok := zoneOption(l, name, chosen, now); ok {
			all = append(all, o)
			found = found || o.Chosen
		}
	}
	if !found {
		if o, ok := zoneOption(l, chosen, chosen, now); ok {
			all = append([]view.Option{o}, all...)
		}
	}
	return all
}

// zoneName is a time zone as people say it: "Montréal" of America/Montreal.
func zoneName(l locale.Locale, zone string) string {
	if key := "zone." + zone; l.Has(key) {
		return l.T(key)
	}
	return strings.ReplaceAll(zone[strings.LastIndexByte(zone, '/')+1:], "_", " ")
}

func zoneOption(l locale.Locale, name, chosen string, now time.Time) (view.Option, bool) {
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return view.Option{}, false
	}
	return view.Option{Value: name, Label: l.T("setup.zone_now", "zone", zoneName(l, name), "time", locale.New(l.Tag, loc).Clock(now)), Chosen: name == chosen}, true
}
