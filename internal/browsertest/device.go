package browsertest

import (
	"github.com/go-rod/rod/lib/proto"
)

// Device is what holds a person's passkeys: their phone, or the computer itself.
type Device struct {
	p  *Page
	id proto.WebAuthnAuthenticatorID
}

// Device gives the tab a device with passkeys that knows its owner and says yes at once.
func (p *Page) Device() *Device {
	p.t.Helper()
	d := &Device{p: p}
	d.do(proto.WebAuthnEnable{}.Call(p.tab))
	made, err := proto.WebAuthnAddVirtualAuthenticator{Options: &proto.WebAuthnVirtualAuthenticatorOptions{
		Protocol: proto.WebAuthnAuthenticatorProtocolCtap2, Ctap2Version: proto.WebAuthnCtap2VersionCtap21, Transport: proto.WebAuthnAuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}.Call(p.tab)
	d.do(err)
	d.id = made.AuthenticatorID
	return d
}

// Waits has the device wait for a hand, or answer at once again.
func (d *Device) Waits(yes bool) {
	d.p.t.Helper()
	d.do(proto.WebAuthnSetAutomaticPresenceSimulation{AuthenticatorID: d.id, Enabled: !yes}.Call(d.p.tab))
}

// Knows has the device know its owner's finger, or not.
func (d *Device) Knows(yes bool) {
	d.p.t.Helper()
	d.do(proto.WebAuthnSetUserVerified{AuthenticatorID: d.id, IsUserVerified: yes}.Call(d.p.tab))
}

// Keys is how many passkeys the device keeps.
func (d *Device) Keys() int {
	d.p.t.Helper()
	all, err := proto.WebAuthnGetCredentials{AuthenticatorID: d.id}.Call(d.p.tab)
	d.do(err)
	return len(all.Credentials)
}

func (d *Device) do(err error) {
	d.p.t.Helper()
	if err != nil {
		d.p.t.Fatalf("browsertest: the device: %v", err)
	}
}
