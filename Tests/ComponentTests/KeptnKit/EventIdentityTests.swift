import Testing

@testable import KeptnKit

@Suite struct EventIdentityTests {
    /// Computed with Python's uuid.uuid5.
    @Test(
        "Ids are UUIDs of version 5",
        arguments: [
            ("python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d"),
            ("www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2"),
        ])
    func vectors(name: String, expected: String) {
        // The namespace for domain names, RFC 4122 appendix C.
        let namespace: [UInt8] = [
            0x6B, 0xA7, 0xB8, 0x10, 0x9D, 0xAD, 0x11, 0xD1, 0x80, 0xB4, 0x00, 0xC0, 0x4F, 0xD4, 0x30, 0xC8,
        ]
        #expect(EventIdentity.uuid5(name, in: namespace) == expected)
    }

    @Test("The same thing has the same id; another event, integration, kind or part has another one")
    func differences() {
        let id = EventIdentity.id(answering: "t", by: "i", kind: "started")
        #expect(id == EventIdentity.id(answering: "t", by: "i", kind: "started"))
        let others = [
            EventIdentity.id(answering: "t2", by: "i", kind: "started"),
            EventIdentity.id(answering: "t", by: "i2", kind: "started"),
            EventIdentity.id(answering: "t", by: "i", kind: "finished"),
            EventIdentity.id(answering: "t", by: "i", kind: "started", part: "p"),
        ]
        #expect(Set(others + [id]).count == 5)
    }
}
