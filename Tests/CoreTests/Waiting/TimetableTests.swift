import CloudEvents
import Core
import Testing

@Suite struct TimetableTests {
    @Test("Entries come out in the order of their time, none before it, each id once")
    func order() {
        var table = Timetable<String>()
        for (id, second) in [("b", 20), ("a", 10), ("d", 30), ("c", 20), ("a", 5)] {
            table.insert(id.uppercased(), id: id, at: Timestamp(seconds: Int64(second)))
        }
        #expect(table.count == 4)
        #expect(table.next == Timestamp(seconds: 10))
        var popped: [String] = []
        while let due = table.popDue(at: Timestamp(seconds: 20)) { popped.append(due.id + due.entry) }
        #expect(popped.first == "aA")
        #expect(Set(popped) == ["aA", "bB", "cC"])
        #expect(table.next == Timestamp(seconds: 30))
        table.insert("A", id: "a", at: Timestamp(seconds: 1))
        let again = table.popDue(at: Timestamp(seconds: 1))
        #expect(again?.id == "a")
    }
}
