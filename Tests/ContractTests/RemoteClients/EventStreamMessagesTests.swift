import RemoteClients
import Testing

@Suite struct EventStreamMessagesTests {
    private static let text = """
        : open

        retry: 2000
        id: 1

        id: 2
        event: a
        data: one

        : nothing new

        id: 3
        data: two
        data: lines


        """
    private static let expected: [EventStreamMessages.Message] = [
        message("2", "a", "one"), message("3", "", "two\nlines"),
    ]

    private static func message(_ id: String, _ event: String, _ data: String) -> EventStreamMessages.Message {
        EventStreamMessages.Message(id: id, event: event, data: Array(data.utf8))
    }

    @Test("However the stream is cut into pieces, its messages are the same", arguments: 1...16)
    func pieces(size: Int) {
        let bytes = Array(Self.text.utf8)
        var messages = EventStreamMessages()
        var found: [EventStreamMessages.Message] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            found += messages.take(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(found == Self.expected)
    }

    @Test("What is not complete is not told")
    func incomplete() {
        var messages = EventStreamMessages()
        #expect(messages.take("id: 1\ndata: x\n".utf8) == [])
        #expect(messages.take("\n".utf8).map(\.id) == ["1"])
    }
}
