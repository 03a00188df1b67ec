/// The ids of everything that a machine makes: e1, e2, …
final class IDCounter {
    private var last = 0

    func next() -> String {
        last += 1
        return "e\(last)"
    }
}
