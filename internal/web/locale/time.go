package locale

import (
	"strconv"
	"time"
)

// Clock is the time of day: "21 h 38", "22 h", "9:38 pm"; "21:38" in France and Britain.
func (l Locale) Clock(t time.Time) string {
	t = t.In(l.Zone)
	switch l.Tag {
	case "fr-FR", "en-GB":
		return t.Format("15:04")
	case "en-CA", "en-US":
		if t.Minute() == 0 {
			return t.Format("3" + nbsp + "pm")
		}
		return t.Format("3:04" + nbsp + "pm")
	}
	if t.Minute() == 0 {
		return strconv.Itoa(t.Hour()) + nbsp + "h"
	}
	return strconv.Itoa(t.Hour()) + nbsp + "h" + nbsp + t.Format("04")
}

// Date is the short date in figures, as written in the country.
func (l Locale) Date(t time.Time) string {
	t = t.In(l.Zone)
	switch l.Tag {
	case "fr-FR", "en-GB":
		return t.Format("02/01/2006")
	case "en-US":
		return t.Format("1/2/2006")
	}
	return t.Format("2006-01-02")
}

// Day is the day in words, seen from now: "aujourd'hui", "hier", "demain", else "jeudi 12 novembre", with the year
// when it is not this one.
func (l Locale) Day(t, now time.Time) string {
	switch l.daysApart(t, now) {
	case 0:
		return l.T("time.today")
	case -1:
		return l.T("time.yesterday")
	case 1:
		return l.T("time.tomorrow")
	}
	return l.FullDay(t, now)
}

// FullDay is Day without the words for near days.
func (l Locale) FullDay(t, now time.Time) string {
	t, now = t.In(l.Zone), now.In(l.Zone)
	weekday := l.T("time.weekday." + strconv.Itoa(int(t.Weekday())))
	month := l.T("time.month." + strconv.Itoa(int(t.Month())))
	day := l.dayOfMonth(t.Day())
	text := weekday + " " + day + nbsp + month
	if l.Tag == "en-US" {
		text = weekday + ", " + month + nbsp + day
	}
	if t.Year() != now.Year() {
		if l.Tag == "en-US" {
			return text + ", " + strconv.Itoa(t.Year())
		}
		return text + " " + strconv.Itoa(t.Year())
	}
	return text
}

func (l Locale) dayOfMonth(d int) string {
	if d == 1 && l.Lang() == "fr" {
		return "1er"
	}
	return strconv.Itoa(d)
}

// When is a moment seen from now: the clock today, else the day and the clock.
func (l Locale) When(t, now time.Time) string {
	if l.daysApart(t, now) == 0 {
		return l.Clock(t)
	}
	return l.Day(t, now) + ", " + l.Clock(t)
}

// Brief is When where there is little room: the clock today, "hier", else "12 nov.", else the figures.
func (l Locale) Brief(t, now time.Time) string {
	switch l.daysApart(t, now) {
	case 0:
		return l.Clock(t)
	case -1:
		return l.T("time.yesterday")
	case 1:
		return l.T("time.tomorrow")
	}
	t, now = t.In(l.Zone), now.In(l.Zone)
	if t.Year() != now.Year() {
		return l.Date(t)
	}
	return l.ShortDay(t)
}

// ShortDay is a day of this year where there is little room: "12 nov.".
func (l Locale) ShortDay(t time.Time) string {
	t = t.In(l.Zone)
	month := l.T("time.mon." + strconv.Itoa(int(t.Month())))
	if l.Tag == "en-US" {
		return month + nbsp + strconv.Itoa(t.Day())
	}
	return l.dayOfMonth(t.Day()) + nbsp + month
}

// Wait is a length of time as people say it: "à l'instant" under a minute, "6 min", "1 h 20", "3 jours".
func (l Locale) Wait(d time.Duration) string {
	d = max(d, -d)
	switch {
	case d < time.Minute:
		return l.T("time.now")
	case d < time.Hour:
		return l.T("time.minutes", "m", int(d.Minutes()))
	case d < 24*time.Hour:
		h, m := int(d.Hours()), int(d.Minutes())%60
		if m == 0 {
			return l.T("time.hours", "h", h)
		}
		two := strconv.Itoa(m)
		if m < 10 {
			two = "0" + two
		}
		return l.T("time.hours_minutes", "h", h, "m", two)
	}
	return l.N("time.days", int(d.Hours())/24)
}

// Stamp is the machine-readable form of t for a datetime attribute.
func (l Locale) Stamp(t time.Time) string { return t.In(l.Zone).Format(time.RFC3339) }

// daysApart counts calendar days from now to t in the zone; -1 is yesterday.
func (l Locale) daysApart(t, now time.Time) int {
	t, now = t.In(l.Zone), now.In(l.Zone)
	a := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	b := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	return int(a.Sub(b).Hours() / 24)
}
