import CloudEvents
import KeptnModel
import Testing

@testable import KeptnKit

@Suite struct EventIdentityTests {
    @Test("Files of a task have a name that is plain, the same each time, and no other task's")
    func fileName() throws {
        let ids = ["t1", "0190-Ab", "../../t1", "t/1", "t 1", "", "ü", String(repeating: "a", count: 101)]
        let names = try ids.map { id in
            let event = CloudEvent(
                keptn: .task(name: "test", kind: .triggered), id: id, source: "s", time: Timestamp(seconds: 0),
                context: "c", data: ["project": "sockshop", "stage": "dev", "service": "carts"])
            let name = try TaskContext(answering: event).fileName
            #expect(try TaskContext(answering: event).fileName == name)
            return name
        }
        #expect(names.prefix(2) == ids.prefix(2))
        #expect(Set(names).count == ids.count)
        for name in names { #expect(Names.isPlain(id: name), "\(name)") }
    }

    /// Computed with Python's hashlib.
    @Test("Ids are UUIDs of version 8, beginning with the time of the id that they answer where it has one")
    func vectors() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91"
        #expect(
            EventIdentity.id(answering: id, by: "helm-service", kind: "started")
                == "0190163d-8694-833f-a367-d5b8b4576f5b")
        #expect(
            EventIdentity.id(answering: "t", by: "i", kind: "finished", part: "p")
                == "0ddf3317-1279-84ea-890e-ef75c4ad82d3")
    }

    @Test(
        "What only looks like an id with a time is not taken for one",
        arguments: ["0190163D-8694-7", "0190163D-8694-739B-AEA5-966C26F8AD91"])
    func others(id: String) {
        #expect(!EventIdentity.id(answering: id, by: "i", kind: "started").hasPrefix(id.prefix(8)))
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
