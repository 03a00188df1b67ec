import CloudEvents
import Testing

@Suite struct Base64URLTests {
    /// RFC 4648 section 10, and the two digits in which the forms differ.
    @Test(
        "The form for URLs has no padding and no digits that mean something there",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"), ("<?>?>?", "PD8-Pz4_"),
        ])
    func urlForm(text: String, encoded: String) {
        #expect(Base64.encodeURL(text.utf8) == encoded)
        #expect(Base64.decodeURL(encoded) == Array(text.utf8))
    }

    @Test("Anything else is refused", arguments: ["Zg==", "Zm9v\n", "PD8+", "PD8/", "Zm9vY", "Zm 9v", "é", "Zm9!"])
    func refused(text: String) {
        #expect(Base64.decodeURL(text) == nil)
    }
}
