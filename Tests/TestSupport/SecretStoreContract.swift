package import Ports
import Testing

/// What every implementation of `SecretStore` promises; each function wants an empty store.
package enum SecretStoreContract {
    package static func valuesComeBack(_ store: any SecretStore) async throws {
        let token = SecretName("token", scope: "keptn-default")
        #expect(try await store.values(of: token) == nil)
        #expect(try await store.secrets().isEmpty)
        let values = ["user": "me", "password": "p\u{0}ß\n\"quoted\"", "": "", "empty": ""]
        try await store.save(values, as: token)
        #expect(try await store.values(of: token) == values)
        try await store.save([:], as: token)
        #expect(try await store.values(of: token) == [:])
    }

    package static func namesAreUniqueInAScope(_ store: any SecretStore) async throws {
        let names = [SecretName("b", scope: "one"), SecretName("a", scope: "two"), SecretName("a", scope: "one")]
        for name in names { try await store.save([name.scope: name.name, "z": "", "a": ""], as: name) }
        let listed = try await store.secrets()
        #expect(listed.map(\.secret) == [names[2], names[0], names[1]])
        #expect(listed.map(\.keys) == [["a", "one", "z"], ["a", "one", "z"], ["a", "two", "z"]])
        #expect(try await store.delete(names[2]))
        #expect(try await !store.delete(names[2]))
        #expect(try await store.values(of: names[2]) == nil)
        #expect(try await store.values(of: names[1])?["two"] == "a")
    }

    package static func conditionsHold(_ store: any SecretStore) async throws {
        let name = SecretName("s", scope: "scope")
        let steps: [(condition: SecretCondition, isSaved: Bool)] = [
            (.isKnown, false), (.isNew, true), (.isNew, false), (.isKnown, true), (.always, true),
        ]
        var expected: [String: String]?
        for (number, step) in steps.enumerated() {
            let values = ["step": String(number)]
            #expect(try await store.save(values, as: name, if: step.condition) == step.isSaved, "step \(number)")
            if step.isSaved { expected = values }
            #expect(try await store.values(of: name) == expected, "step \(number)")
        }
    }

    /// Of many who create the same secret, one does.
    package static func oneOfManyCreates(_ store: any SecretStore) async throws {
        let name = SecretName("s", scope: "scope")
        let winners = try await withThrowingTaskGroup(of: Int?.self) { group in
            for number in 0..<16 {
                group.addTask { try await store.save(["by": String(number)], as: name, if: .isNew) ? number : nil }
            }
            return try await group.reduce(into: [Int]()) { winners, winner in
                if let winner { winners.append(winner) }
            }
        }
        #expect(winners.count == 1)
        #expect(try await store.values(of: name) == winners.first.map { ["by": String($0)] })
    }
}
