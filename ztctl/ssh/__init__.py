"""SSH: public keys of CAs as files, and the settings that servers and clients need."""
