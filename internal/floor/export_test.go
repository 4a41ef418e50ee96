package floor

// Codes gives the tests the signer.
func (f *Floor) Codes() Codes { return f.codes }
