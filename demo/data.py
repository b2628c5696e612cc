"""What the demo shop is made of: its products, its people, and what they write."""

from typing import NamedTuple


def username(name):
    return name.split()[0].lower()


class Article(NamedTuple):
    name: str
    price: int
    # What is there at first, and what each delivery brings.
    stock: int
    # How often it is bought, compared with the others.
    popularity: int


# By supplier. Each comes once a week, on a day of its own.
SUPPLIED = [
    [
        Article("Bat", 1200, 40, 12),
        Article("Ball", 250, 120, 16),
        Article("English willow bat", 8990, 8, 2),
        Article("Junior bat", 790, 20, 5),
        Article("Bat grip", 120, 60, 7),
        Article("Batting gloves", 980, 20, 4),
        Article("Batting pads", 1750, 15, 3),
        Article("Helmet", 2450, 12, 3),
        Article("Stumps with bails", 1390, 10, 2),
        Article("Wicketkeeping gloves", 1640, 8, 1),
        Article("Kit bag", 2290, 10, 2),
    ],
    [
        Article("Football", 890, 40, 10),
        Article("Match football", 2490, 12, 3),
        Article("Football boots", 3290, 20, 4),
        Article("Shin guards", 390, 25, 5),
        Article("Goalkeeper gloves", 1190, 10, 2),
        Article("Goal net", 2790, 6, 1),
        Article("Corner flags", 990, 6, 1),
        Article("Training cones", 350, 30, 4),
        Article("Whistle", 150, 40, 4),
        Article("Ball pump", 290, 30, 5),
    ],
    [
        Article("Tennis racket", 3490, 15, 4),
        Article("Tennis balls, tin of 3", 420, 80, 12),
        Article("Badminton racket", 1290, 25, 6),
        Article("Shuttlecocks, tube of 6", 540, 60, 10),
        Article("Badminton net", 1090, 10, 2),
        Article("Table tennis bat", 650, 25, 5),
        Article("Table tennis balls, 6", 180, 50, 6),
        Article("Table tennis net", 720, 10, 2),
        Article("Squash racket", 2890, 8, 1),
        Article("Racket strings", 480, 30, 3),
        Article("Overgrip, 3", 240, 50, 6),
    ],
    [
        Article("Running shoes", 4990, 30, 8),
        Article("Trail shoes", 5690, 15, 3),
        Article("Indoor shoes", 3790, 20, 4),
        Article("Cricket shoes", 3990, 15, 3),
        Article("Insoles", 590, 25, 3),
        Article("Laces", 90, 60, 5),
        Article("Sports socks, 3 pairs", 390, 60, 9),
    ],
    [
        Article("Basketball", 1090, 25, 5),
        Article("Basketball hoop", 3890, 5, 1),
        Article("Volleyball", 990, 20, 4),
        Article("Volleyball net", 1890, 6, 1),
        Article("Hockey stick", 2190, 12, 2),
        Article("Hockey ball", 310, 30, 3),
        Article("Swimming goggles", 560, 30, 5),
        Article("Swimming cap", 240, 30, 4),
    ],
    [
        Article("Yoga mat", 890, 35, 7),
        Article("Skipping rope", 260, 40, 6),
        Article("Resistance bands", 540, 30, 5),
        Article("Dumbbells, 2 x 5 kg", 2690, 15, 3),
        Article("Kettlebell, 12 kg", 2990, 8, 2),
        Article("Foam roller", 790, 15, 3),
        Article("Water bottle", 320, 70, 9),
        Article("Sports towel", 450, 40, 5),
    ],
]
# Nobody delivers these again.
LAST_SEASON = [
    Article("Team shirt, last season", 1490, 18, 6),
    Article("Track jacket, last season", 2190, 12, 4),
    Article("Cap, last season", 390, 20, 6),
    Article("Rain jacket, last season", 2890, 10, 4),
    Article("Shorts, last season", 690, 16, 5),
]
ARTICLES = [article for supplier in SUPPLIED for article in supplier] + LAST_SEASON

ADMINS = ["Asha Rao", "Leo Martin"]
CUSTOMERS = [
    *["Arjun Mehta", "Kavya Nair", "Rohan Das", "Emma Clarke", "Vikram Singh", "Priya Menon", "Daniel Osei"],
    *["Sara Lindqvist", "Ishaan Gupta", "Nina Petrović", "Farhan Ali", "Ananya Bose", "Tom Baker", "Meera Joshi"],
    *["Lucia Fernández", "Kabir Khan", "Hannah Vogel", "Dev Patel", "Zoe Martins", "Aditi Kulkarni", "Yusuf Demir"],
    *["Grace Mwangi", "Nikhil Reddy", "Olivia Rossi", "Tara Iyer"],
]

ORDER_NOTES = [
    *["ring twice", "leave it with the neighbour", "a gift: no invoice in the parcel, please", "for the school team"],
    *["needed by Saturday", "please call before you come", "second floor, left", "I shall pick it up myself"],
]
CONFIRM_NOTES = ["paid by card", "paid by transfer", "paid on account", "", "", ""]
SHIP_NOTES = ["by courier", "by post", "in two parcels", "", "", ""]
DELIVER_NOTES = ["left with the neighbour", "signed for", "", "", ""]
REGRET_NOTES = ["ordered by mistake", "found it nearby", "wrong size chosen", "", ""]
REFUSE_NOTES = ["not paid", "the address does not exist", "the customer called"]
RETURN_NOTES = ["too small", "too large", "not as expected", "arrived too late"]
